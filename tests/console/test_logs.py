"""The story of a flow, put together from what each module keeps."""

from typing import Any

from tests.console.conftest import Console
from tests.console.stores import NOW, SALE


def test_a_flow_is_told_as_a_tree_of_what_caused_what(console: Console) -> None:
    gateway, shelf, till = (console.store(name) for name in ("gateway", "shelf", "till"))
    gateway.sent("m-1", time=NOW)
    shelf.handled("m-1", time=NOW, handled_at=NOW)
    event: dict[str, Any] = {
        "type": "shelf.Sold.v1",
        "source": "shelf",
        "causation": "m-1",
        "time": NOW + 2_000,
    }
    shelf.sent("e-1", **event)
    till.handled("e-1", **event)

    ended = console("logs", "--correlation", "flow-1", "--json")

    (root,) = ended.json["messages"]
    assert (root["type"], root["receipts"][0]["module"]) == ("shelf.Sell.v1", "shelf")
    (caused,) = root["caused"]
    assert caused["type"] == "shelf.Sold.v1"
    assert [(each["module"], each["state"]) for each in caused["receipts"]] == [("till", "handled")]


def test_what_was_said_at_the_same_moment_is_told_in_the_order_in_which_it_was_said(
    console: Console,
) -> None:
    """Everything that one handler says bears one time; its outbox knows the order."""
    shelf, till = console.store("shelf"), console.store("till")
    for identity in ("e-3", "e-1", "e-2"):
        shelf.sent(identity, type="shelf.Sold.v1", time=NOW)
    for identity in ("e-1", "e-2", "e-3"):
        till.handled(identity, type="shelf.Sold.v1", source="shelf", time=NOW)

    told = console("logs", "--correlation", "flow-1", "--json").json["messages"]

    assert [each["id"] for each in told] == ["e-3", "e-1", "e-2"]


def test_what_is_under_way_parked_and_dead_is_told_too(console: Console) -> None:
    console.store("gateway").sent("m-1", "shelf")
    till = console.store("till")
    till.delayed("m-2", due=NOW)
    till.died("m-3")

    ended = console("logs", "--correlation", "flow-1")

    assert "gateway > shelf.Sell.v1 > shelf under way" in ended.out
    assert "> till delayed (RuntimeError: it broke)" in ended.out
    assert "dead" in ended.out
    assert "(8 attempts) (RuntimeError: it broke)" in ended.out


def test_what_the_receiver_says_counts_more_than_what_the_sender_believes(
    console: Console,
) -> None:
    """Between the receiver's commit and the sender's mark both are true."""
    console.store("gateway").sent("m-1", "shelf")
    console.store("shelf").handled("m-1")

    ended = console("logs", "--correlation", "flow-1", "--json")

    (root,) = ended.json["messages"]
    (receipt,) = root["receipts"]
    assert receipt["state"] == "handled"
    assert (root["time"][-1], receipt["handled"][-1]) == ("Z", "Z")


def test_a_flow_is_found_by_a_business_key_and_by_a_message(console: Console) -> None:
    console.store("gateway").sent("m-1")

    by_key, by_message = console("logs", "--key", SALE), console("logs", "--message", "m-1")

    assert by_key.out == by_message.out
    assert by_key.out.startswith("flow flow-1 ")


def test_an_event_that_nobody_subscribes_to_is_told(console: Console) -> None:
    console.store("shelf").sent("e-1", type="shelf.Sold.v1")

    assert "shelf > shelf.Sold.v1 > nobody subscribes" in console("logs", "--key", SALE).out


def test_without_a_flow_the_latest_are_listed(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.handled("m-1", correlation="flow-1")
    shelf.handled("m-2", correlation="flow-2")

    listed = console("logs", "--json").json

    assert [each["correlation"] for each in listed] == ["flow-2", "flow-1"]


def test_a_flow_that_is_not_there_is_a_three_line_error(console: Console) -> None:
    console.store("shelf")

    ended = console("logs", "--correlation", "flow-9")

    assert ended.code == 1
    assert ended.err.splitlines()[0] == "error  no flow flow-9"


def test_without_databases_it_says_what_to_do(console: Console) -> None:
    ended = console("logs")

    assert ended.code == 1
    assert ended.err.splitlines() == [
        f"error  no databases in {console.data_dir}",
        "  why  no module has run with this data folder yet",
        f"  fix  amphibus run --data-dir {console.data_dir}",
    ]


def test_files_of_adapters_in_the_data_folder_are_left_alone(console: Console) -> None:
    console.store("shelf").handled("m-1")
    (console.data_dir / "payments-sandbox.db").write_bytes(b"not a database of a module")

    assert console("logs").code == 0


def test_a_flow_that_nobody_has_handled_yet_is_listed_too(console: Console) -> None:
    console.store("gateway").sent("m-1", "shelf")

    assert [each["correlation"] for each in console("logs", "--json").json] == ["flow-1"]


def test_flows_come_in_pages_by_what_happened_in_them_last(console: Console) -> None:
    """One that began long ago and goes on is listed once, where it went on."""
    gateway, shelf = console.store("gateway"), console.store("shelf")
    for number in range(6):
        gateway.sent(f"m-{number}", correlation=f"flow-{number}")
    for number in range(6):
        shelf.handled(f"m-{number}", correlation=f"flow-{number}", handled_at=NOW + number)
    shelf.handled("e-1", source="till", correlation="flow-0", handled_at=NOW + 9)

    pages: list[list[str]] = []
    after: tuple[str, ...] = ()
    for _ in range(3):
        listed = console("logs", "--json", "--limit", "2", *after).json
        pages.append([each["correlation"] for each in listed])
        after = ("--after", pages[-1][-1])

    assert pages == [["flow-0", "flow-5"], ["flow-4", "flow-3"], ["flow-2", "flow-1"]]
    assert console("logs", "--json", *after).json == []


def test_all_messages_of_a_listed_flow_are_counted(console: Console) -> None:
    gateway = console.store("gateway")
    for number in range(500):
        gateway.sent(f"m-{number}", correlation="flow-1")

    (listed,) = console("logs", "--json", "--limit", "1").json

    assert listed["messages"] == 500


def test_the_latest_flow_is_first_whichever_module_knows_it(console: Console) -> None:
    console.store("gateway").sent("m-1", correlation="flow-1")
    console.store("shelf").handled("m-2", correlation="flow-2", handled_at=NOW)

    (listed,) = console("logs", "--json", "--limit", "1").json

    assert listed["correlation"] == "flow-2"
