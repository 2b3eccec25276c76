"""Pictures of every screen, light and dark, for the documentation: `python -m tests.pages.screenshots [FOLDER]`."""

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.sync_api import Page, expect

from tests.pages.chromium import Watched, chromium, watched
from tests.pages.shop import ROOT, Shop, shop

FOLDER: Final = ROOT / "docs/console"
_SCREENS: Final = (
    *(
        "failed",
        "stories",
        "messages",
        "handlers",
        "logs",
        "processes",
        "managers",
        "queues",
        "schedules",
    ),
    *("operations", "contracts", "try", "configuration", "audit"),
)
_CONTRACT: Final = "orders.PlaceOrder.v1"
_SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
_BUYERS: Final = 1
_PAUSE_SECONDS: Final = 0.2
"""So that a machine with other things to do is not shown as one in trouble."""
_WIDE: Final = {"width": 1280, "height": 800}


def make(folder: Path) -> None:
    """Runs a shop in which something happens, and takes the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        shop(Path(place)) as running,
        chromium() as browser,
    ):
        running.stock()
        for _ in range(3):
            running.order()
        with watched(browser, running.another_link(), viewport=_WIDE) as window:
            _map(window, running, folder)
            paths = _paths(window, *_trouble(window, running))
            for scheme in _SCHEMES:
                window.page.emulate_media(color_scheme=scheme)
                for name, path in paths.items():
                    _take(window.see(path), folder / f"{name}-{scheme}.png")


def _map(window: Watched, running: Shop, folder: Path) -> None:
    with _customers(running):
        page = window.see()
        expect(page.locator(".broad .rate").nth(5)).to_be_visible()
        expect(page.locator(".broad .node.well")).to_have_count(6, timeout=180_000)
        page.get_by_role("button", name="pause").click()
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)
            _take(page, folder / f"map-{scheme}.png")


def _trouble(window: Watched, running: Shop) -> tuple[str, str, str]:
    """Lets messages die and an order wait; begins to mend it.

    Returns the addresses of the story, the operation and the process manager.
    """
    running.fail(3)
    page = window.see("/failed/reporting?type=orders.OrderPlaced.v1")
    page.locator("summary").click()
    page.get_by_label("Why").fill("ink was bought")
    page.get_by_label("At most").fill("2")
    page.get_by_role("button", name="Dry run").click()
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#parts .badge")).to_have_text("done")
    operation = page.url
    page = window.see("/queues")
    page.locator("summary", has_text="payments").click()
    page.locator("details[open]").get_by_label("Why").fill("the bank asked for it")
    page.get_by_role("button", name="Pause payments").click()
    order = running.order()
    link = window.see("/managers").locator("#managers").get_by_role("link", name=order)
    expect(link).to_be_visible()
    manager = link.get_attribute("href") or ""
    return window.see(f"/stories?q={order}").url, operation, manager


def _paths(window: Watched, story: str, operation: str, manager: str) -> dict[str, str]:
    """The screens below `/console`, by the name of their picture."""
    first = window.see("/failed/reporting").locator("#letters a").first
    letter = first.get_attribute("href") or ""
    found = {
        "letters": "/failed/reporting",
        "letter": letter,
        "correct": letter.replace("?", "/edit?"),
        "story": story,
        "operation": operation,
        "manager": manager,
        "contract": f"/contracts/{_CONTRACT}",
        "form": f"/try/{_CONTRACT}",
    }
    return {each: f"/{each}" for each in _SCREENS} | {
        name: each.rpartition("/console")[2] for name, each in found.items()
    }


def _take(page: Page, place: Path) -> None:
    page.wait_for_load_state("load")
    assert page.get_by_role("heading", level=1).inner_text() != "a fault of ours", page.url
    taken = Image.open(BytesIO(page.screenshot(animations="disabled", caret="hide")))
    # As many colours as the pages have, and the edges of letters need.
    few = taken.convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(place, optimize=True)
    print(f"{place.name:<28} {place.stat().st_size / 1000:.0f} kB")


@contextmanager
def _customers(running: Shop) -> Iterator[None]:
    """Places orders one after the other, as long as somebody looks."""
    over = threading.Event()

    def buy() -> None:
        while not over.wait(_PAUSE_SECONDS):
            running.order()

    threads = [threading.Thread(target=buy) for _ in range(_BUYERS)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()


if __name__ == "__main__":
    make(Path(sys.argv[1]) if sys.argv[1:] else FOLDER)
