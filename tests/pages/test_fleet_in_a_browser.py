"""A process that is killed while an operator looks at it, and a server that goes and comes under an open page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from playwright.sync_api import Browser, Error, Page, Route, expect

from tests.distributed.commands import free_ports, running, until
from tests.pages.chromium import chromium, watched
from tests.pages.conftest import Stand
from tests.pages.shop import Shop, shop
from tests.pages.stand import write_stand

pytestmark = pytest.mark.full
_SEEN_WITHIN_MILLISECONDS = 60_000
_SECONDS_OF_A_LOOK = 1
"""The stream looks at the processes as often, and a page asks anew no more often."""
_RED_WITHIN_SECONDS = 3
_GONE = ("away", "stale", "silent")
_PAYMENTS = re.compile(r'aria-label="payments: (\w+)')


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, broker: str
) -> Iterator[Shop]:
    del browser
    with shop(tmp_path_factory.mktemp("shop"), broker) as running_shop:
        running_shop.stock()
        yield running_shop


@contextmanager
def _looks(page: Page) -> Iterator[list[str]]:
    """The state of payments in each map that the page asks for by itself."""
    found: list[str] = []

    def look(route: Route) -> None:
        answer = route.fetch()
        found.extend(_PAYMENTS.findall(answer.text())[:1])
        with suppress(Error):  # whoever asked may have gone to another page meanwhile
            route.fulfill(response=answer)

    page.route("**/console", look)
    try:
        yield found
    finally:
        page.unroute("**/console")


def test_killed_payments_turn_red_and_the_stuck_order_says_what_it_waits_for(
    browser: Browser, fleet: Shop
) -> None:
    with watched(browser, fleet.another_link()) as window:
        page = window.page
        node = page.locator(".broad a[aria-label^='payments:'] .node")
        expect(node).to_have_class(re.compile("well"))
        with fleet.without("payments"), _looks(page) as looks:
            expect(node).to_have_class(re.compile("gone"), timeout=_SEEN_WITHIN_MILLISECONDS)
            # In looks, as a machine that has much to do takes longer for each.
            last = looks.index(next(each for each in looks if each in _GONE))
            assert (last + 1) * _SECONDS_OF_A_LOOK <= _RED_WITHIN_SECONDS, looks
            expect(page.locator("#trouble")).to_contain_text("payments")
            order = fleet.order()
            page.goto(f"{window.base}/console/stories?q={order}")
            waits = page.locator("dt:has-text('waits for') + dd")
            expect(waits).to_contain_text(
                re.compile(r"payments.*AuthorizePayment.*since \d{4}-.*payments is away", re.DOTALL)
            )
            expect(waits).to_contain_text("payments.PaymentAuthorized.v1")
            page.get_by_role("link", name="Map", exact=True).click()
            expect(node).to_have_class(re.compile("gone"))
        expect(node).to_have_class(re.compile("well"), timeout=2 * _SEEN_WITHIN_MILLISECONDS)
        page.goto(f"{window.base}/console/stories?q={order}")
        expect(page.locator("#story")).to_contain_text("nothing: every message of it is handled")


def test_two_operators_who_retry_the_same_group_do_each_letter_once(
    browser: Browser, fleet: Shop
) -> None:
    until(lambda: fleet.pid("reporting") > 0, "reporting runs")
    fleet.fail(3)
    with (
        watched(browser, fleet.another_link()) as one,
        watched(browser, fleet.another_link()) as two,
    ):
        for window in (one, two):
            page = window.see("/failed/reporting")
            page.locator("summary").click()
            page.locator("details.act").get_by_label("Why").fill("both of us")
            page.on("dialog", lambda each: each.accept())
        for window in (one, two):
            window.page.get_by_role("button", name="Begin").click()
        done = 0
        for window in (one, two):
            expect(window.page.locator("#parts .badge")).to_have_text("done")
            said = window.page.locator("dt:has-text('done') + dd").first.inner_text()
            done += int(said.split()[0].replace(",", ""))
        assert done == 6
        until(lambda: fleet.dead() == 0, "all were handled")


def test_a_page_outlives_a_restart_of_its_server_and_its_history_does_too(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root, port = write_stand(tmp_path_factory.mktemp("restart") / "stand"), free_ports(1)
    with running(root, "--port", str(port), environ={}) as first:
        first.until_said("  Try  ")
        stand = Stand(root, first, f"http://127.0.0.1:{port}")
        stand.sell("glass of milk")
        until(lambda: stand.dead() == 1, "it is dead")
        with watched(browser, stand.link()) as window:
            page = window.see("/failed")
            expect(page.locator("#groups")).to_contain_text("RuntimeError")
            first.stop()
            expect(page.locator("#connection")).to_have_text("reconnecting")
            with running(root, "--port", str(port), environ={}) as second:
                second.until_said("  Try  ")
                expect(page.locator("#connection")).to_have_text("live")
                expect(page.locator("#groups")).to_contain_text("RuntimeError")
                stand.sell("glass of tea")
                expect(page.locator("#groups")).to_contain_text("2 dead messages")
