"""Every screen for everybody: axe finds nothing serious, nothing is cut on a phone, and the keyboard reaches all."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.pages.chromium import Watched, chromium, watched
from tests.pages.conftest import HOSTILE, Stand

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]
WIDTHS = (1280, 390)
SCREENS = (
    *("", "/failed", "/failed/shelf", "/stories", "/handlers", "/logs", "/processes", "/managers"),
    *("/queues", "/schedules", "/operations", "/configuration", "/audit", "/stories/nowhere"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def every_page(window: Watched) -> Iterator[tuple[str, Page]]:
    letter = window.see("/failed/shelf").locator("#letters a").first.get_attribute("href") or ""
    story = window.see("/stories").locator("#flows a").first.get_attribute("href") or ""
    for path in (*SCREENS, letter.removeprefix("/console"), story.removeprefix("/console")):
        yield path, window.see(path)
    window.wrong[:] = [each for each in window.wrong if "404" not in each]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_serious(browser: Browser, stand: Stand, scheme: str, width: int) -> None:
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    found: list[str] = []
    with watched(browser, stand.another_link(), bypass_csp=True, **options) as window:
        for path, page in every_page(window):
            page.evaluate(
                "document.querySelectorAll('details').forEach((each) => each.open = true)"
            )
            for each in Axe().run(page).response["violations"]:
                places = [node["target"] for node in each["nodes"]]
                found.append(f"{path}: {each['impact']} {each['id']} {places}")
    assert found == []


def test_nothing_is_cut_or_scrolled_sideways_on_a_phone(browser: Browser, stand: Stand) -> None:
    phone = {"width": 390, "height": 800}
    with watched(browser, stand.another_link(), viewport=phone) as window:
        for path, page in every_page(window):
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_what_strangers_wrote_does_nothing_in_a_real_browser(
    browser: Browser, stand: Stand
) -> None:
    """A dialog would hold the page up, a script would be refused with a line in the browser's console."""
    with watched(browser, stand.another_link()) as window:
        dialogs: list[str] = []

        def asked(dialog: Dialog) -> None:
            dialogs.append(dialog.message)
            dialog.dismiss()

        window.page.on("dialog", asked)
        page = window.see("/failed/shelf")
        letters = [each.get_attribute("href") or "" for each in page.locator("#letters a").all()]
        assert len(letters) == len(HOSTILE)
        for path in letters:
            page.goto(f"{stand.url}{path}")
            expect(page.locator("#payload")).to_contain_text("glass")
        for each in HOSTILE:
            page.goto(f"{stand.url}/console")
            page.get_by_role("searchbox").or_(page.locator("#q")).first.fill(each)
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_have_text("nothing is known by that id")
            for field in ("error", "key", "type"):
                window.see("/failed")
                page.get_by_label(field).fill(each)
                page.get_by_role("button", name="Filter").click()
                expect(page.get_by_label(field)).to_have_value(each)
        window.wrong[:] = [each for each in window.wrong if "404" not in each]
        assert dialogs == []


def test_the_keyboard_alone_goes_everywhere(browser: Browser, stand: Stand) -> None:
    with watched(browser, stand.another_link()) as window:
        page = window.see()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")
        for key, name in (("s", "Stories"), ("l", "Logs"), ("h", "Handlers"), ("m", "Map")):
            page.keyboard.press("g")
            page.keyboard.press(key)
            expect(page.get_by_role("heading", level=1)).to_have_text(name)
        # A node of the map is reached by Tab, and opened by Enter.
        page.locator(".broad a").first.focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/queues"))
