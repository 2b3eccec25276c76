"""A real browser: the Chromium that is found here, watched for what no page may do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE_MILLISECONDS: Final = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Starts it; the test is skipped where there is none."""
    expect.set_options(timeout=_PATIENCE_MILLISECONDS)
    with sync_playwright() as found:
        place = next(filter(None, map(shutil.which, _NAMES)), None)
        try:
            # As root it runs only without its own sandbox; these pages are ours.
            browser = found.chromium.launch(executable_path=place, args=["--no-sandbox"])
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no browser
            pytest.skip(f"no Chromium can be started here: {str(error).splitlines()[0]}")
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A window of somebody who was let in. Keeps what went wrong in it."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        context.set_default_timeout(_PATIENCE_MILLISECONDS)
        self.base = base
        self.context = context
        self.page: Page = context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._asked)

    def see(self, path: str = "") -> Page:
        """Goes to a screen."""
        self.page.goto(f"{self.base}/console{path}")
        return self.page

    def _said(self, message: Any) -> None:
        # A server that is stopped on purpose refuses connections; the page says so itself.
        if message.type in ("error", "warning") and "net::ERR_" not in message.text:
            self.wrong.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.base, "blob:", "data:")):
            self.wrong.append(f"asked {request.url}")


@contextmanager
def watched(browser: Browser, link: str, **options: Any) -> Iterator[Watched]:
    """Lets somebody in by a link that is good once; at the end nothing may have gone wrong."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    try:
        window = Watched(context, link.partition("/console")[0])
        window.page.goto(link)
        yield window
        assert window.wrong == []
    finally:
        context.close()
