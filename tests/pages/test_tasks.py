"""What an operator does in a browser, by clicks and keys alone: of one process, and of many over a broker."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.distributed.commands import until
from tests.pages.chromium import Watched, chromium, watched
from tests.pages.shop import Shop, shop
from tests.topologies.system import MODULES

pytestmark = pytest.mark.full
FAILURES = 20


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module", params=["one process", "a fleet"])
def system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Shop]:
    del browser  # where there is none, nothing is started
    broker = request.getfixturevalue("broker") if request.param == "a fleet" else ""
    with shop(tmp_path_factory.mktemp("shop"), broker) as running:
        running.stock()
        yield running


@pytest.fixture
def window(browser: Browser, system: Shop) -> Iterator[Watched]:
    with watched(browser, system.another_link()) as seen:
        yield seen


def node(page: Page, module: str) -> str:
    """What the map says of a module."""
    box = page.locator(f".broad a[aria-label^='{module}:']")
    return box.get_attribute("aria-label") or ""


def test_the_printed_link_shows_every_module_on_the_map(browser: Browser, system: Shop) -> None:
    with watched(browser, system.link) as window:
        for module in MODULES:
            expect(window.page.locator(f".broad a[aria-label^='{module}: ']")).to_be_visible()
        expect(window.page.locator("#connection")).to_have_text("live")
        window.page.get_by_role("button", name="leave").click()
        expect(window.page.get_by_role("heading", name="Who are you?")).to_be_visible()
        window.wrong.clear()  # that answer is 401, which a browser notes


def test_an_order_appears_while_one_looks_and_is_found_by_its_id(
    window: Watched, system: Shop
) -> None:
    page = window.see("/stories")
    order = system.order()
    expect(page.locator("#flows").get_by_text(order)).to_be_visible()

    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type(order)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(order)
    expect(page.locator("#story")).to_contain_text("nothing: every message of it is handled")
    expect(page.locator("svg .label", has_text="AuthorizePayment")).to_be_visible()
    page.get_by_role("link", name="Its log lines").click()
    expect(page.get_by_role("heading", name="Logs")).to_be_visible()


def test_why_an_order_failed_is_two_clicks_from_its_id(window: Watched, system: Shop) -> None:
    (order,) = system.fail(1)
    page = window.see()
    page.keyboard.press("/")
    page.keyboard.type(order)
    page.keyboard.press("Enter")
    page.locator("#story").get_by_role("link", name="dead").first.click()
    page.locator("#letters").get_by_role("link").first.click()

    expect(page.locator("#traceback")).to_contain_text("out of ink")
    expect(page.locator("#payload")).not_to_contain_text("ada@example.com")
    page.get_by_label("Why").fill("one first")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("status").filter(has_text="Done")).to_be_visible()
    until(lambda: system.dead() == 1, "it was handled")


def test_all_that_died_of_one_cause_is_tried_again_after_a_dry_run(
    window: Watched, system: Shop
) -> None:
    system.fail(FAILURES)
    page = window.see()
    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page.get_by_role("heading", name="Failed")).to_be_visible()
    while page.locator("#groups").get_by_role("link").count():
        page.locator("#groups").get_by_role("link").first.click()
        shared = page.url
        page.locator("summary").click()
        act = page.locator("details.act")
        act.get_by_label("Why").fill("ink was bought")
        act.get_by_role("button", name="Dry run").click()
        expect(page.locator("#count")).to_contain_text("would be tried again")
        page.get_by_role("button", name="Begin").click()
        expect(page.locator("#parts")).to_contain_text("ink was bought")
        expect(page.locator("#parts .badge")).to_have_text("done")
        left = system.dead()
        page.get_by_role("link", name="Failed", exact=True).click()
        expect(
            page.get_by_text(f"{left} dead messages")
            if left
            else page.get_by_text("No dead messages")
        ).to_be_visible()
    until(lambda: system.dead() == 0, "all were handled")

    page.goto(shared)
    expect(page.locator("#letters")).to_contain_text("No dead messages")
    page.get_by_role("link", name="Audit").click()
    expect(page.locator("#audit")).to_contain_text("ink was bought")


def test_a_paused_module_lets_its_line_grow_and_the_story_says_what_it_waits_for(
    window: Watched, system: Shop
) -> None:
    page = window.see("/queues")
    page.locator("summary", has_text="payments").click()
    form = page.locator("details[open]")
    form.get_by_label("Why").fill("the bank asked for it")
    form.get_by_role("button", name="Pause payments").click()
    expect(page.locator("#pauses")).to_contain_text("the bank asked for it")

    order = system.order()
    page.goto(f"{window.base}/console/stories?q={order}")
    waits = page.locator("dt:has-text('waits for') + dd")
    expect(waits).to_contain_text(
        re.compile(r"payments.*AuthorizePayment.*since \d{4}-", re.DOTALL)
    )
    expect(waits).to_contain_text("payments.PaymentAuthorized.v1")

    page.goto(f"{window.base}/console/queues")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#pauses")).to_contain_text("Nothing is paused")
    page.goto(f"{window.base}/console/stories?q={order}")
    expect(page.locator("#story")).to_contain_text("nothing: every message of it is handled")


def test_the_slowest_handler_stands_first(window: Watched, system: Shop) -> None:
    system.order()
    page = window.see("/handlers")
    expect(page.locator("#handlers")).to_contain_text("orders.PlaceOrder.v1")
    page.get_by_label("Order").last.select_option("much")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("by=much"))
    counts = [
        int(each.replace(",", ""))
        for each in page.locator("td[data-label=Handled]").all_inner_texts()
    ]
    assert counts == sorted(counts, reverse=True)


def test_a_shared_address_shows_the_same_to_another_operator(
    browser: Browser, window: Watched, system: Shop
) -> None:
    page = window.see("/logs")
    page.get_by_label("Level, at least").select_option("warning")
    page.get_by_label("Text").fill("nothing says this")
    page.get_by_role("button", name="Filter").click()
    with watched(browser, system.another_link()) as other:
        other.page.goto(page.url)
        expect(other.page.get_by_label("Level, at least")).to_have_value("warning")
        expect(other.page.get_by_label("Text")).to_have_value("nothing says this")


def test_nothing_is_lost_and_the_queues_say_so(window: Watched, system: Shop) -> None:
    until(lambda: system.dead() == 0, "nothing is dead")
    page = window.see("/queues")
    expect(page.locator("#stores")).to_contain_text("Every message has left.")
    expect(page.locator("#stores")).to_contain_text("Nothing is delayed or dead.")


def test_a_pause_of_the_page_holds_it_and_resuming_shows_what_was_missed(
    window: Watched, system: Shop
) -> None:
    page = window.see("/stories")
    page.get_by_role("button", name="pause").click()
    expect(page.locator("#connection")).to_have_text("paused")
    order = system.order()
    page.wait_for_timeout(3_000)
    expect(page.locator("#flows").get_by_text(order)).to_be_hidden()
    page.get_by_role("button", name="resume").click()
    expect(page.locator("#flows").get_by_text(order)).to_be_visible()
