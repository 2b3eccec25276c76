"""Who may act on the console still sends only what he may send over HTTP."""

from collections.abc import Iterator

import pytest

from tests.distributed.commands import until
from tests.pages.browser import Browser, Page, form_to
from tests.pages.conftest import Stand
from tests.pages.forms import Filled, press

SELL = "/console/try/shelf.Sell.v1"
SHELF = "/console/try/shelf.GetShelf.v1"
ITEM = "a cup that he may not sell"


def let_in(browser: Browser, stand: Stand, scopes: str) -> Browser:
    form = form_to(browser.see("/console"), "/enter")
    assert browser.send(form, credential=stand.token(scopes)).status == 200
    return browser


@pytest.fixture
def seller(stand: Stand) -> Iterator[Browser]:
    with Browser(stand.url) as browser:
        yield let_in(browser, stand, "console:read console:operate shelf:sell")


def sent(operator: Browser) -> set[str]:
    """What has been sent: the audit notes it before it leaves, and a story begins with it."""
    audit = operator.see("/console/audit?module=gateway").text
    stories = {each for each in operator.see("/console/stories").links if "/stories/" in each}
    return stories | {f"{audit.count('NoteSending')} times in the audit"}


def forced(browser: Browser, page: Page, end: str) -> Page:
    """A form without its button, sent by hand."""
    typed = {"payload.item": ITEM, "payload.name": "top", "reason": "by force"}
    return browser.send(Filled(page, end).form, **typed, what="send")


def test_who_lacks_the_right_of_a_route_sends_and_asks_nothing(
    stand: Stand, operator: Browser, stranger: Browser, seller: Browser
) -> None:
    other = let_in(stranger, stand, "console:read console:operate shelf:other")
    before = sent(operator)
    for path, right in ((SELL, "shelf:sell"), (SHELF, "shelf:read")):
        page = other.see(path)
        assert ("what", "send") not in Filled(page, path).buttons
        assert f"this needs the right {right}" in page.text
        refused = forced(other, page, path)
        assert (refused.status, f"this needs the right {right}" in refused.text) == (403, True)
        assert "cup, plate" not in refused.text
    assert sent(operator) == before

    typed = {"payload.item": ITEM, "reason": "he may"}
    done = press(seller, seller.see(SELL), SELL, "what", "send", **typed)
    assert "It was answered (202)" in done.text
    until(lambda: len(sent(operator) - before) == 2, "one was sent, and noted once")


def test_who_only_reads_checks_nothing_either(
    stand: Stand, operator: Browser, stranger: Browser, seller: Browser
) -> None:
    reader = let_in(stranger, stand, "console:read shelf:sell")
    before = sent(operator)
    page = reader.see(SELL)
    assert [each.action for each in page.forms if "/try/" in each.action] == []
    refused = forced(reader, seller.see(SELL), SELL)
    assert (refused.status, "console:operate" in refused.text) == (403, True)
    assert sent(operator) == before
