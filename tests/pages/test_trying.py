"""What can be tried on the console: a form for each contract, without a script, checked by the contract."""

import json
import re
from collections.abc import Iterator, Mapping

import httpx
import pytest

from tests.distributed.commands import free_ports, running, until
from tests.pages.browser import Browser
from tests.pages.conftest import Stand
from tests.pages.counter import release, write_counter
from tests.pages.forms import Filled, invalid, press

pytestmark = pytest.mark.full
SELL = "/console/try/shelf.Sell.v1"
SHELF = "/console/try/shelf.GetShelf.v1"


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    root = write_counter(tmp_path_factory.mktemp("trying") / "stand")
    release(root)
    port = free_ports(1)
    with running(root, "--port", str(port), environ={}) as command:
        command.until_said("  Try  ")
        yield Stand(root, command, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def operator(counter: Stand) -> Iterator[Browser]:
    with Browser(counter.url) as browser:
        assert browser.see(counter.link()).status == 200
        yield browser


def test_every_contract_has_a_form_with_its_example_in_it(operator: Browser) -> None:
    listed = operator.see("/console/try")
    forms = [each for each in listed.links if each.startswith("/console/try/")]
    page = operator.see(SELL)

    assert sorted(forms) == [SHELF, SELL, "/console/try/shelf.Sold.v1"]
    assert {operator.see(each).status for each in forms} == {200}
    fields = Filled(page, "Sell.v1").fields
    assert fields["payload.item"] == "cup"
    assert fields["payload.wrapping"] == '"paper"'
    assert fields["payload.gift"] == "true"
    assert fields["payload.extras[0].sku"] == "SPOON"
    assert json.loads(fields["payload.tags"]) == [1, 2]
    assert fields["payload.sale_id"] == ""


def test_a_form_that_is_sent_is_handled_and_audited_and_leads_to_its_story(
    operator: Browser,
) -> None:
    typed = {"payload.item": "a cup of tea", "reason": "to see it"}
    page = press(operator, operator.see(SELL), "Sell.v1", "what", "send", **typed)

    assert page.status == 200, page.text
    assert "It was answered (202)" in page.text
    (story,) = (each for each in page.links if "/stories/" in each)
    until(lambda: "shelf.Sold.v1" in operator.see(story).text, "it was handled")
    audit = operator.see("/console/audit?module=gateway").text
    assert "NoteSending" in audit
    assert "to see it" in audit
    assert story.rpartition("/")[2] in audit


def test_a_form_that_is_sent_twice_is_done_once(operator: Browser) -> None:
    form = Filled(operator.see(SELL), "Sell.v1").form
    pages = [operator.send(form, what="send", reason="twice") for _ in range(2)]
    stories = {each for page in pages for each in page.links if "/stories/" in each}

    assert [page.status for page in pages] == [200, 200]
    assert len(stories) == 1


def test_nothing_is_sent_without_a_reason(operator: Browser) -> None:
    page = press(operator, operator.see(SELL), "Sell.v1", "what", "send", reason=" ")
    assert (page.status, "say why" in page.text) == (400, True)


def test_each_wrong_field_is_named_at_its_place(operator: Browser) -> None:
    typed = {
        "payload.pieces": "many",
        "payload.price": "2,50",
        "payload.due": "tomorrow",
        "payload.extras[0].count": "99",
        "payload.tags": "{no json",
        "payload.wrapping": '"silk"',
        "reason": "wrong",
    }
    page = press(operator, operator.see(SELL), "Sell.v1", "what", "send", **typed)
    assert page.status == 422
    assert invalid(page) == ["payload.tags"]
    typed |= {"payload.tags": ""}
    page = press(operator, operator.see(SELL), "Sell.v1", "what", "send", **typed)

    assert page.status == 422
    assert set(invalid(page)) == {
        "payload.pieces",
        "payload.price",
        "payload.due",
        "payload.extras[0].count",
        "payload.wrapping",
    }
    assert Filled(page, "Sell.v1").fields["payload.price"] == "2,50"
    assert "count must be less than or equal to 6" in page.text
    assert "/stories/" not in " ".join(page.links)


def test_items_are_added_and_removed_by_buttons_and_what_was_typed_stays(
    operator: Browser,
) -> None:
    page = press(
        operator, operator.see(SELL), "Sell.v1", "add", "payload.extras", **{"payload.item": "jug"}
    )
    page = press(
        operator, page, "Sell.v1", "add", "payload.extras", **{"payload.extras[1].sku": "FORK"}
    )
    fields = Filled(page, "Sell.v1").fields
    assert [fields.get(f"payload.extras[{each}].sku") for each in range(4)] == [
        *("SPOON", "FORK", "", None)
    ]
    page = press(operator, page, "Sell.v1", "remove", "payload.extras[0]")
    fields = Filled(page, "Sell.v1").fields
    assert [fields.get(f"payload.extras[{each}].sku") for each in range(3)] == ["FORK", "", None]
    assert fields["payload.item"] == "jug"
    page = press(operator, page, "Sell.v1", "give", "payload.card")
    assert "payload.card.sku" in Filled(page, "Sell.v1").fields
    page = press(operator, page, "Sell.v1", "drop", "payload.card")
    assert "payload.card.sku" not in Filled(page, "Sell.v1").fields


def test_fields_and_json_are_two_views_of_one_payload(operator: Browser) -> None:
    page = press(operator, operator.see(SELL), "Sell.v1", "view", "json")
    form = Filled(page, "Sell.v1")
    payload = json.loads(form.fields["json"])
    assert payload["extras"] == [{"sku": "SPOON", "count": 1}]
    assert payload["price"] == "2.50"

    wrong = press(operator, page, "Sell.v1", "what", "check", json='{"item": 1}\n,')
    assert (wrong.status, "line 2 is none" in wrong.text) == (422, True)
    text = json.dumps({"item": "pot", "pieces": [1]})
    page = press(operator, page, "Sell.v1", "view", "fields", json=text)
    fields = Filled(page, "Sell.v1").fields
    assert fields["payload.item"] == "pot"
    assert fields["payload.pieces"].split() == ["[", "1", "]"]


def test_a_query_is_asked_and_its_answer_shown(operator: Browser) -> None:
    page = press(
        operator, operator.see(SHELF), "GetShelf.v1", "what", "send", **{"payload.name": "top"}
    )
    assert page.status == 200
    assert '"items": [ "cup", "plate" ]' in page.text
    wrong = {"payload.name": "top", "payload.limit": "few"}
    page = press(operator, page, "GetShelf.v1", "what", "send", **wrong)
    assert (page.status, invalid(page)) == (422, ["payload.limit"])


def test_an_event_is_checked_and_not_sent(operator: Browser) -> None:
    page = operator.see("/console/try/shelf.Sold.v1")
    form = Filled(page, "Sold.v1")
    assert ("what", "send") not in form.buttons
    assert "an event is said by its owner alone, shelf" in page.text
    typed = {"payload.sale_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87", "payload.item": "cup"}
    checked = press(operator, page, "Sold.v1", "what", "check", **typed)
    assert "The contract accepts it" in checked.text
    forced = operator.send(form.form, **typed, what="send", reason="by force")
    assert forced.status == 403


def test_what_is_shown_to_type_elsewhere_does_the_same(operator: Browser) -> None:
    page = press(
        operator, operator.see(SELL), "Sell.v1", "what", "check", **{"payload.item": "o'clock"}
    )
    copies = [each for each in page.texts if each.startswith(("curl ", "amphibus send", "import"))]
    assert len(copies) == 3
    assert all("o" in each and "clock" in each for each in copies)
    said: dict[str, object] = {}
    code = copies[2].replace("print(", "said['answer'] = (")
    exec(code, {"said": said})
    assert "sale_id" in str(said["answer"])


def test_hostile_text_stays_text_in_a_form(operator: Browser) -> None:
    hostile = '"><script>alert(1)</script></textarea><b>'
    typed = {"payload.item": hostile, "payload.tags": hostile, "payload.extras[0].sku": hostile}
    page = press(operator, operator.see(SELL), "Sell.v1", "what", "check", **typed)
    assert page.scripts == ""
    assert [tag for tag, _ in page.tags if tag == "b"] == []
    assert Filled(page, "Sell.v1").fields["payload.item"] == hostile
    policy = page.response.headers["content-security-policy"]
    assert "unsafe" not in policy


def dead_letter(operator: Browser, counter: Stand, sale: Mapping[str, object]) -> str:
    """The path of a letter that died just now."""

    def newest() -> list[str]:
        links = operator.see("/console/failed/shelf").links
        return [each for each in links if re.search(r"/letters/\d+\?id=", each)]

    before = set(newest())
    assert httpx.post(f"{counter.url}/v1/sales", json=sale, timeout=100).status_code == 202
    until(lambda: set(newest()) > before, "it is dead")
    (found,) = set(newest()) - before
    return found.replace("?", "/edit?")


def test_a_dead_letter_is_corrected_in_a_form_and_handled(
    operator: Browser, counter: Stand
) -> None:
    path = dead_letter(operator, counter, {"item": "glass", "pieces": 3, "buyer": "Ada King"})
    page = operator.see(path)
    assert Filled(page, "/edit").fields["payload.pieces"] == "3"
    assert "Ada King" not in page.response.text

    wrong = {"payload.pieces": "0", "reason": "it broke"}
    refused = press(operator, page, "/edit", "what", "save", **wrong)
    assert (refused.status, invalid(refused)) == (422, ["payload.pieces"])
    assert "pieces must be greater than or equal to 1" in refused.text
    assert "Ada King" not in refused.response.text
    right = {"payload.pieces": "2", "payload.item": "mug", "reason": "mugs do not break"}
    done = press(operator, refused, "/edit", "what", "retry", **right)
    assert done.status == 200
    assert operator.see(path).status == 404
    audit = operator.see("/console/audit?module=shelf").text
    assert all(each in audit for each in ("EditDead", "RetryDead", "RevealDead"))


def test_personal_data_that_was_not_shown_is_kept(operator: Browser, counter: Stand) -> None:
    extras = [{"sku": "A", "note": "for Bess"}, {"sku": "B", "note": "for Cid"}]
    sale = {"item": "glass", "buyer": "Ada King", "extras": extras}
    path = dead_letter(operator, counter, sale)
    page = operator.see(path)
    form = Filled(page, "/edit")
    assert form.fields["payload.extras[1].note"] == "***"
    assert not [each for each in form.buttons if each[0] in ("add", "remove")]

    typed = {"payload.extras[1].sku": "C", "reason": "B is sold out"}
    press(operator, page, "/edit", "what", "save", **typed)
    shown = press(operator, operator.see(path), "/edit", "what", "reveal", reason="to be sure")
    fields = Filled(shown, "/edit").fields
    assert fields["payload.buyer"] == "Ada King"
    assert [fields[f"payload.extras[{each}].note"] for each in (0, 1)] == ["for Bess", "for Cid"]
    assert fields["payload.extras[1].sku"] == "C"


def test_json_that_hides_personal_data_in_another_list_is_refused(
    operator: Browser, counter: Stand
) -> None:
    extras = [{"sku": "A", "note": "for Bess"}, {"sku": "B", "note": "for Cid"}]
    page = operator.see(dead_letter(operator, counter, {"item": "glass", "extras": extras}))
    page = press(operator, page, "/edit", "view", "json")
    payload = json.loads(Filled(page, "/edit").fields["json"])
    payload["extras"] = payload["extras"][1:]
    text = {"json": json.dumps(payload), "reason": "only B"}
    refused = press(operator, page, "/edit", "what", "save", **text)
    assert (refused.status, "show it first" in refused.text) == (422, True)
    assert "Bess" not in refused.response.text


def test_the_contracts_say_who_sends_and_takes_them_and_whether_they_may_be_released(
    operator: Browser,
) -> None:
    page = operator.see("/console/contracts")
    rows = {
        each.split()[0]: each for each in page.text.split(" shelf.") if each.startswith(("S", "G"))
    }
    assert page.status == 200
    assert "Sell.v1 command gateway shelf breaks" in rows["Sell.v1"]
    assert "identity" in rows["Sell.v1"]
    assert "Sold.v1 event shelf till as released" in rows["Sold.v1"]
    for address in ("/docs/messages", "/asyncapi.json", "/openapi.json"):
        assert address in page.links
        assert operator.see(address).status == 200
    assert "Sold.v1" in operator.see("/console/contracts?module=till").text
    assert "GetShelf" not in operator.see("/console/contracts?module=till").text


def test_a_contract_says_what_breaks_what_is_read_and_for_what(operator: Browser) -> None:
    sell = operator.see("/console/contracts/shelf.Sell.v1")
    sold = operator.see("/console/contracts/shelf.Sold.v1")

    assert "extras[].count" in sell.text
    assert "HTTP clients" in sell.text
    assert "to know who it was" in sell.text
    assert "urn:amphibus:contract:shelf.Sell.v1" in sell.text
    assert "POST /v1/sales, for whoever has shelf:sell" in sell.text
    assert "till item" in sold.text
    assert operator.see("/console/contracts/shelf.Nothing.v1").status == 404
