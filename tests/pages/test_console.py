"""The console of a monolith, as a browser without scripts sees it: what it shows, whom it lets in, what it does."""

import re

import httpx
import pytest

from tests.distributed.commands import until
from tests.pages.browser import Browser, Page, form_to
from tests.pages.conftest import HOSTILE, Stand
from tests.pages.stand import BUYER

SCREENS = (
    "/console",
    "/console/failed",
    "/console/failed/shelf",
    "/console/stories",
    "/console/handlers",
    "/console/messages",
    "/console/logs",
    "/console/processes",
    "/console/managers",
    "/console/queues",
    "/console/schedules",
    "/console/operations",
    "/console/contracts",
    "/console/contracts/shelf.Sell.v1",
    "/console/contracts/shelf.Sold.v1",
    "/console/try",
    "/console/try/shelf.Sell.v1",
    "/console/try/shelf.GetShelf.v1",
    "/console/configuration",
    "/console/audit",
)
_ALLOWED_SCRIPTS = [{"src": "/console/static/console.js", "defer": ""}]


def letters_of(browser: Browser) -> list[str]:
    found = browser.see("/console/failed/shelf").links
    return [each for each in found if re.search(r"/failed/shelf/letters/\d+\?id=", each)]


def everything(browser: Browser) -> list[Page]:
    """Every screen, each dead letter and its correction, and the story of the first."""
    pages = [browser.see(each) for each in SCREENS]
    for each in letters_of(browser):
        pages += [browser.see(each), browser.see(each.replace("?", "/edit?"))]
    stories = [each for page in pages for each in page.links if "/stories/" in each]
    return [*pages, browser.see(stories[0])]


def test_every_screen_is_there_and_asks_nobody_outside(operator: Browser) -> None:
    for page in everything(operator):
        assert page.status == 200, page.text
        outside = [each for each in page.addresses if not each.startswith(("/", "?", "#"))]
        assert outside == []
        policy = page.response.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert page.response.headers["x-content-type-options"] == "nosniff"


def test_what_strangers_wrote_is_text_on_every_screen(operator: Browser) -> None:
    pages = everything(operator)
    for page in pages:
        assert [given for tag, given in page.tags if tag == "script"] == _ALLOWED_SCRIPTS
        assert page.scripts == ""
        assert [name for _, given in page.tags for name in given if name.startswith("on")] == []
        assert [
            tag for tag, _ in page.tags if tag in ("img", "style", "iframe", "object", "b")
        ] == []
    shown = " ".join(page.text for page in pages)
    assert all(" ".join(each.split()) in shown for each in HOSTILE)
    assert "49" not in re.findall(r"alert\(3\)//(\S+)", shown)[0]


def test_the_map_has_every_module_and_its_backlog(operator: Browser) -> None:
    page = operator.see("/console")
    labels = [given.get("aria-label", "") for tag, given in page.tags if tag == "a"]
    # Twice: as it is drawn on a wide page, and on a narrow one.
    shelf, again = (each for each in labels if each.startswith("shelf:"))
    assert shelf == again

    assert f"{len(HOSTILE)} dead" in shelf
    assert {each.split(":")[0] for each in labels if ":" in each} == {"gateway", "shelf", "till"}
    assert "shelf to till: shelf.Sold.v1" in page.text
    assert re.search(r"gateway to shelf: shelf.Sell.v1", page.text)


def test_a_letter_shows_error_traceback_and_payload_without_personal_data(
    operator: Browser,
) -> None:
    page = operator.see(letters_of(operator)[0])

    assert "RuntimeError" in page.text
    assert "modules/shelf/module.py" in page.text
    assert HOSTILE[0] in page.text
    assert BUYER not in page.text
    reveal = form_to(page, "/failed/shelf/letters")
    assert BUYER in operator.send(reveal, what="reveal", reason="the buyer asks").text
    assert "the buyer asks" in operator.see("/console/audit").text


def test_one_letter_is_retried_with_a_reason_and_not_without(operator: Browser) -> None:
    path = letters_of(operator)[0]
    form = form_to(operator.see(path), "/failed/shelf/letters")
    without = operator.send(form, what="retry", reason=" ")

    assert (without.status, "say why" in without.text) == (400, True)
    assert path in letters_of(operator)
    assert operator.send(form, what="retry", reason="the glue is dry").status == 200
    until(lambda: path not in letters_of(operator), "it was tried again, and has another number")
    assert operator.send(form, what="retry", reason="again").status == 404
    audit = operator.see("/console/audit").text
    assert "the glue is dry" in audit
    until(lambda: len(letters_of(operator)) == len(HOSTILE), "it is dead again")


def test_a_group_is_retried_as_an_operation_after_a_dry_run(operator: Browser) -> None:
    groups = [each for each in operator.see("/console/failed").links if "group=" in each]
    form = form_to(operator.see(groups[0]), "/failed/shelf/operations")
    dry = operator.send(form, what="retry", dry_run="1")
    assert f"{len(HOSTILE)} dead messages of shelf would be tried again" in dry.text
    assert "No operations." in operator.see("/console/operations").text

    begun, twice = (
        operator.send(form_to(dry, "/operations"), reason="all at once", rate="2/s")
        for _ in range(2)
    )
    assert begun.status == 200
    path = begun.response.url.path
    assert twice.response.url.path == path  # at its rate, and not at twice that
    assert f"of {len(HOSTILE)} done" in begun.text or "of" in begun.text
    stopped = operator.send(form_to(begun, path), what="stop", reason="wait")
    assert "retry in shelf stopped" in stopped.text
    operator.send(form_to(stopped, path), what="resume", reason="go on", rate="500/s")
    until(lambda: "retry in shelf done" in operator.see(path).text, "it has ended")
    assert f"done {len(HOSTILE)} of {len(HOSTILE)}" in operator.see(path).text
    until(lambda: len(letters_of(operator)) == len(HOSTILE), "all are dead again")


def test_a_flow_is_found_by_its_key_and_by_a_message(operator: Browser) -> None:
    letter = operator.see(letters_of(operator)[0])
    key, message = (
        re.search(rf"{name} ([0-9a-f-]{{36}})", letter.text) for name in ("key", "message")
    )
    assert key
    assert message
    stories = [operator.see(f"/console/stories?q={each[1]}") for each in (key, message)]

    assert [each.status for each in stories] == [200, 200]
    assert stories[0].response.url == stories[1].response.url
    assert re.search(r"waits for shelf dead shelf\.Sell\.v1, since \d{4}-", stories[0].text)
    assert operator.see("/console/stories?q=nobody").status == 404


def test_a_module_is_paused_and_goes_on(operator: Browser) -> None:
    form = form_to(operator.see("/console/queues"), "/modules/till")
    mistyped = operator.send(form, what="pause", type="till.Nothing.v1", reason="stocktaking")
    assert (mistyped.status, "till receives no till.Nothing.v1" in mistyped.text) == (400, True)
    assert "Nothing is paused." in operator.see("/console/queues").text
    paused = operator.send(form, what="pause", reason="stocktaking", **{"for": "10m"})
    assert "till as a whole, since" in paused.text
    assert "stocktaking" in paused.text
    resumed = operator.send(form_to(paused, "/modules/till"), what="resume")
    assert "Nothing is paused." in resumed.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/console/failed?since=yesterday", 400),
        ("/console/failed/nobody", 404),
        ("/console/failed/shelf?after_died=x", 400),
        ("/console/audit?module=shelf&before=9999999999999999999", 400),
        ("/console/failed/shelf/letters/1?id=x", 404),
        ("/console/failed?error=%00%0a", 400),
        ("/console/operations/none", 404),
        ("/console/managers/till/x", 404),
        ("/console/stories?after=none", 404),
    ],
)
def test_what_makes_no_sense_is_said_on_a_page(operator: Browser, path: str, status: int) -> None:
    page = operator.see(path)
    assert page.status == status, page.text
    assert "To the map" in page.text


def test_nobody_gets_in_without_the_link_and_it_is_good_once(
    stand: Stand, operator: Browser, stranger: Browser
) -> None:
    assert operator.see("/console").status == 200
    assert stranger.see(stand.link()).status == 401
    for path in (*SCREENS, "/console/stream"):
        page = stranger.see(path)
        assert (page.status, "Who are you?" in page.text) == (401, True), path
    form = form_to(operator.see(letters_of(operator)[0]), "/failed/shelf/letters")
    assert stranger.send(form, what="discard", reason="because").status == 401
    assert stand.dead() == len(HOSTILE)


@pytest.mark.parametrize("body", [b"credential=\xff", b"x" * 1_000_001])
def test_who_comes_in_with_what_is_no_form_is_told_so(stand: Stand, body: bytes) -> None:
    answer = httpx.post(
        f"{stand.url}/console/enter", content=body, headers={"Origin": stand.url}, timeout=100
    )
    assert (answer.status_code, "the form" in answer.text) == (400, True)


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(
    stand: Stand, stranger: Browser
) -> None:
    issued = [
        each for each in _set_cookies(stand, stranger) if each.startswith("amphibus-console=")
    ]
    assert len(issued) == 1
    assert all(word in issued[0] for word in ("HttpOnly", "SameSite=strict", "Path=/console"))


def _set_cookies(stand: Stand, stranger: Browser) -> list[str]:
    page = stranger.see("/console")
    form = form_to(page, "/enter")
    credential = stand.token("console:read")
    answer = httpx.post(
        f"{stand.url}{form.action}", data={"credential": credential}, headers={"Origin": stand.url}
    )
    return answer.headers.get_list("set-cookie")


def test_who_may_read_sees_no_form_and_may_not_act(
    stand: Stand, operator: Browser, stranger: Browser
) -> None:
    reader = stranger
    entered = reader.send(
        form_to(reader.see("/console"), "/enter"), credential=stand.token("console:read")
    )
    assert entered.status == 200, entered.text
    path = letters_of(operator)[0]
    page = reader.see(path)
    form = form_to(operator.see(path), "/failed/shelf/letters")
    refused = reader.send(form, what="discard", reason="because")

    assert (page.status, "Retry" in page.text) == (200, False)
    assert (refused.status, "console:operate" in refused.text) == (403, True)
    assert path in letters_of(operator)


def test_who_has_other_rights_sees_nothing(stand: Stand, stranger: Browser) -> None:
    entered = stranger.send(
        form_to(stranger.see("/console"), "/enter"), credential=stand.token("shelf:read")
    )
    assert (entered.status, "console:read" in entered.text) == (403, True)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_form_of_another_page_is_refused(operator: Browser, origin: str) -> None:
    path = letters_of(operator)[0]
    form = form_to(operator.see(path), "/failed/shelf/letters")
    refused = operator.send(form, origin=origin, what="discard", reason="because")

    assert refused.status == 403
    assert path in letters_of(operator)


def test_a_proxy_and_another_name_of_this_machine_are_not_let_in(operator: Browser) -> None:
    assert operator.see("/console", **{"X-Forwarded-For": "203.0.113.9"}).status == 403
    assert operator.see("/console", Host="evil.example").status == 403


def test_the_stream_says_when_something_has_changed(stand: Stand, operator: Browser) -> None:
    with operator.client.stream("GET", "/console/stream") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        first = next(each for each in lines if each.startswith("id: "))
        stand.sell("glass of the stream")
        assert next(each for each in lines if each.startswith("id: ")) != first
    until(lambda: stand.dead() == len(HOSTILE) + 1, "it is dead")


def test_own_browser_code_is_short(operator: Browser) -> None:
    script = operator.client.get("/console/static/console.js")
    style = operator.client.get("/console/static/console.css")

    assert len(script.text.splitlines()) <= 150
    assert "prefers-color-scheme: dark" in style.text
    assert "//" not in script.text.replace("// ", "")
    assert "url(" not in style.text
