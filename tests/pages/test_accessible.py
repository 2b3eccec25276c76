"""Every screen for everybody: axe finds nothing serious, nothing is cut on a phone, and the keyboard reaches all."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.pages.chromium import Watched, chromium, watched
from tests.pages.conftest import HOSTILE, Stand
from tests.pages.shop import Shop, shop

pytestmark = pytest.mark.full
WIDTHS = (1280, 390)
SCREENS = (
    *(
        "",
        "/failed",
        "/failed/shelf",
        "/stories",
        "/messages",
        "/handlers",
        "/logs",
        "/processes",
        "/managers",
    ),
    *("/queues", "/schedules", "/operations", "/configuration", "/audit", "/stories/nowhere"),
    *("/contracts", "/contracts/shelf.Sell.v1", "/contracts/shelf.Sold.v1"),
    *("/try", "/try/shelf.Sell.v1", "/try/shelf.GetShelf.v1", "/try/shelf.Sold.v1"),
)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def waiting(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[tuple[Shop, str]]:
    """A shop in which an order waits, and the address of its process manager."""
    with shop(tmp_path_factory.mktemp("waiting")) as running:
        running.stock()
        with watched(browser, running.another_link()) as window:
            page = window.see("/queues")
            page.locator("summary", has_text="payments").click()
            page.locator("details[open]").get_by_label("Why").fill("so that it waits")
            page.get_by_role("button", name="Pause payments").click()
            expect(page.locator("#pauses")).to_contain_text("so that it waits")
            order = running.order()
            stands = page.locator("#managers").get_by_role("link", name=order)
            window.see("/managers")
            expect(stands).to_be_visible()
        yield running, f"/managers/orders/{order}"


def every_page(window: Watched) -> Iterator[tuple[str, Page]]:
    letter = window.see("/failed/shelf").locator("#letters a").first.get_attribute("href") or ""
    story = window.see("/stories").locator("#flows a").first.get_attribute("href") or ""
    found = (letter, letter.replace("?", "/edit?"), story)
    for path in (*SCREENS, *(each.removeprefix("/console") for each in found)):
        yield path, window.see(path)
    window.wrong[:] = [each for each in window.wrong if "404" not in each]


def found_by_axe(path: str, page: Page) -> list[str]:
    page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    return [
        f"{path}: {each['impact']} {each['id']} {[node['target'] for node in each['nodes']]}"
        for each in Axe().run(page).response["violations"]
    ]


def seen_as(scheme: str, width: int) -> dict[str, Any]:
    viewport = {"width": width, "height": 800}
    return {"color_scheme": scheme, "viewport": viewport, "bypass_csp": True}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing(browser: Browser, stand: Stand, scheme: str, width: int) -> None:
    with watched(browser, stand.another_link(), **seen_as(scheme, width)) as window:
        found = [each for path, page in every_page(window) for each in found_by_axe(path, page)]
    assert found == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_in_a_form_with_errors(
    browser: Browser, stand: Stand, scheme: str, width: int
) -> None:
    with watched(browser, stand.another_link(), **seen_as(scheme, width)) as window:
        page = window.see("/try/shelf.Sell.v1")
        page.get_by_label("pieces").fill("many")
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_label("pieces")).to_have_attribute("aria-invalid", "true")
        assert found_by_axe("a form with errors", page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_label("pieces").fill("2")
        page.get_by_label("Why").fill("to see its answer")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer")).to_contain_text("sale_id")
        assert found_by_axe("an answer", page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        window.wrong[:] = [each for each in window.wrong if "422" not in each]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_on_a_drawn_process_manager(
    browser: Browser, waiting: tuple[Shop, str], scheme: str, width: int
) -> None:
    running, one = waiting
    with watched(browser, running.another_link(), **seen_as(scheme, width)) as window:
        for path in ("/managers", one):
            page = window.see(path)
            expect(page.locator(".states svg")).to_be_visible()
            assert found_by_axe(path, page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


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
            page.get_by_role("link", name="Correct it in a form").click()
            expect(page.get_by_label("item")).to_have_value(re.compile("^glass"))
        for each in HOSTILE:
            page.goto(f"{stand.url}/console")
            page.get_by_role("searchbox").or_(page.locator("#q")).first.fill(each)
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_have_text("nothing is known by that id")
            for field in ("error", "key", "type"):
                window.see("/failed")
                page.get_by_label(field).fill(each)
                page.get_by_role("button", name="Filter").click()
                if each.isprintable():
                    expect(page.get_by_label(field)).to_have_value(each)
                else:
                    expect(page.get_by_role("alert")).to_contain_text("does not take")
            page = window.see("/try/shelf.Sell.v1")
            page.get_by_label("item").fill(each)
            page.get_by_label("pieces").fill("0")
            page.get_by_role("button", name="Check").click()
            expect(page.get_by_label("pieces")).to_have_attribute("aria-invalid", "true")
            expect(page.get_by_label("item")).to_have_value(each)
            expect(page.locator("pre.copy").first).to_contain_text("glass")
        window.wrong[:] = [each for each in window.wrong if not re.search("400|404|422", each)]
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
