// The console works without this file. It keeps pages fresh, asks before what cannot be undone, and knows keys.
"use strict";
(() => {
  const stream = document.body.dataset.stream;
  const state = document.getElementById("connection");
  let paused = false, waiting = false, missed = false, source = null;

  const say = (text, how) => { if (state) { state.textContent = text; state.dataset.state = how; } };

  const put = (fresh) => {
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (!next || next.outerHTML === part.outerHTML) continue;
      // Not where somebody types, has opened something or has marked a text.
      const typing = part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, button");
      const marked = !getSelection().isCollapsed && part.contains(getSelection().anchorNode);
      if (typing || marked || part.querySelector("details[open]")) { missed = true; continue; }
      // The focus stays on the same link, or else at the same place.
      const active = document.activeElement, href = active.getAttribute("href");
      const place = [...part.querySelectorAll("a, [tabindex]")].indexOf(active);
      part.replaceWith(document.adoptNode(next));
      const same = href ? next.querySelector(`[href="${CSS.escape(href)}"]`) : next.querySelectorAll("a, [tabindex]")[place];
      if (place >= 0) same?.focus({ preventScroll: true });
    }
  };

  // Asks for the page again. One that takes long is asked for less often, so that those who watch cost little.
  const refresh = async () => {
    if (waiting || paused || document.hidden) { missed = true; return; }
    waiting = true;
    missed = false;
    const began = performance.now();
    try {
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(15000) });
      const text = answer.ok ? await answer.text() : "";
      if (paused) {
        missed = true; // it was asked for before
      } else if (answer.ok) {
        put(new DOMParser().parseFromString(text, "text/html"));
        say("live", "live");
      } else if (answer.status === 401) {
        say("signed out", "lost");
      } else {
        say("stale", "lost");
      }
    } catch {
      if (!paused) say("reconnecting", "lost");
    }
    setTimeout(() => { waiting = false; if (missed) refresh(); }, Math.max(800, 10 * (performance.now() - began)));
  };

  const watch = () => {
    source?.close();
    source = new EventSource(stream);
    source.addEventListener("open", () => say(paused ? "paused" : "live", paused ? "" : "live"));
    source.addEventListener("changed", refresh);
    source.addEventListener("error", () => {
      say("reconnecting", "lost");
      // A stream that was refused is not tried again by the browser.
      if (source.readyState === EventSource.CLOSED) setTimeout(watch, 3000);
    });
  };

  if (stream && document.querySelector("[data-live]")) {
    watch();
    // What moves by itself, such as an operation, is looked at each second while it does.
    setInterval(() => { if (document.querySelector("[data-moving]")) refresh(); }, 1000);
    document.addEventListener("visibilitychange", refresh);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = "pause";
    button.addEventListener("click", () => {
      paused = !paused;
      button.textContent = paused ? "resume" : "pause";
      say(paused ? "paused" : "live", paused ? "" : "live");
      if (!paused) refresh();
    });
    state.after(button);
  }

  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-confirm]");
    if (asked && !window.confirm(asked.dataset.confirm)) event.preventDefault();
  });

  let before = "";
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      document.getElementById("q")?.focus();
      event.preventDefault();
    } else if (before === "g") {
      document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`)?.click();
    }
    before = event.key;
  });

  document.querySelector("nav a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
})();
