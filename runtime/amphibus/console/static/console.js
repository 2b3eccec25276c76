// The console works without this file. It keeps pages fresh, asks before what cannot be undone, and knows keys.
"use strict";
(() => {
  const stream = document.body.dataset.stream;
  const state = document.getElementById("connection");
  let waiting = false, paused = false, seen = "";

  const say = (text) => { if (state) state.textContent = text; };

  // Replaces the parts of the page that live, but not one in which somebody types or has opened something.
  const refresh = async () => {
    if (waiting || paused || document.hidden) return;
    waiting = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (!answer.ok) { say(answer.status === 401 ? "signed out" : "stale"); return; }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const next = fresh.getElementById(part.id);
        if (!next || part.contains(document.activeElement) || part.querySelector("details[open]")) continue;
        if (next.outerHTML !== part.outerHTML) part.replaceWith(document.adoptNode(next));
      }
      say("live");
    } catch (error) {
      say("reconnecting");
    } finally {
      waiting = false;
    }
  };

  if (stream && document.querySelector("[data-live]")) {
    const source = new EventSource(stream);
    source.addEventListener("open", () => say("live"));
    source.addEventListener("error", () => say("reconnecting"));
    source.addEventListener("changed", (event) => {
      if (event.data === seen) return;
      const first = seen === "";
      seen = event.data;
      if (!first) refresh();
    });
    // What moves by itself, such as an operation, is looked at each second while it does.
    setInterval(() => { if (document.querySelector("[data-moving]")) refresh(); }, 1000);
    document.addEventListener("visibilitychange", refresh);
    if (state) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = "pause";
      button.addEventListener("click", () => {
        paused = !paused;
        button.textContent = paused ? "go on" : "pause";
        if (!paused) refresh();
      });
      state.after(button);
    }
  }

  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-confirm]");
    if (asked && !window.confirm(asked.dataset.confirm)) event.preventDefault();
  });

  let before = "";
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      const search = document.getElementById("q");
      if (search) { search.focus(); event.preventDefault(); }
    } else if (before === "g") {
      const link = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
      if (link) link.click();
    }
    before = event.key;
  });
})();
