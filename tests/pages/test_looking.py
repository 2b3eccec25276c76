"""What an operator looks at: handlers, log lines, links that lead to a screen, and all of it in a real browser."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.distributed.commands import until
from tests.pages.browser import Browser
from tests.pages.chromium import chromium, watched
from tests.pages.conftest import HOSTILE, Stand
from tests.pages.stand import BUYER


def test_handlers_are_counted_with_what_died_in_them(operator: Browser) -> None:
    text = operator.see("/console/handlers?by=failing").text
    found = re.search(r"Died shelf\.Sell\.v1 shelf [^a-z]* ms [^a-z]* ms ([\d ]+)", text)
    assert found, text
    assert int(found[1].split()[2]) >= len(HOSTILE)


def test_the_log_is_found_by_level_and_by_text(operator: Browser) -> None:
    page = operator.see("/console/logs?level=error&module=shelf")
    stories = [each for each in page.links if "/stories/" in each]
    assert stories
    flow = stories[0].rpartition("/")[2]
    assert set(operator.see(f"/console/logs?flow={flow}").links) & set(stories) == {stories[0]}
    assert "No such line" in operator.see("/console/logs?text=nobody+says+this").text


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("/failed?error=x", "/console/failed?error=x"),
        ("//elsewhere.example/", "/console"),
        ("/../v1/sales", "/console"),
        ("@elsewhere.example", "/console"),
    ],
)
def test_a_link_leads_to_a_screen_and_nowhere_else(stand: Stand, to: str, shown: str) -> None:
    link = httpx.URL(stand.another_link()).copy_add_param("to", to)
    answer = httpx.get(link, timeout=60)
    assert answer.status_code == 303
    assert answer.headers["location"] == shown


def test_a_real_browser_shows_it_and_complains_of_nothing(stand: Stand) -> None:
    with chromium() as browser, watched(browser, stand.another_link()) as window:
        expect(window.page.locator("#connection")).to_have_text("live")
        window.page.keyboard.press("g")
        window.page.keyboard.press("f")
        expect(window.page.locator("#groups")).to_contain_text("RuntimeError")


def test_messages_are_shown_as_they_pass_while_somebody_looks(
    operator: Browser, stand: Stand
) -> None:
    """The buyer's name stands on no page; what nobody looked at is not known."""
    assert "No such message passed" in operator.see("/console/messages?type=Sell").text
    stand.sell("a cup that passes")
    path = "/console/messages?type=Sell&module=shelf"
    until(lambda: "handled" in operator.see(path).text, "it passed")
    page = operator.see(path)
    assert any("/stories/" in each for each in page.links)
    assert BUYER not in page.text
