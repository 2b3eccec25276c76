"""Events of a module's log, sent again to one that subscribes."""

from time import time_ns

from tests.console.conftest import Console
from tests.console.stores import Store


def sold(store: Store, identity: str, *destinations: str, hours_ago: int = 0) -> int:
    """An event as old as that now: the tests may have been collected hours ago."""
    time = time_ns() // 1000 - hours_ago * 3_600_000_000
    return store.sent(identity, *destinations, type="shelf.Sold.v1", time=time)


def test_events_since_a_time_are_put_in_line(console: Console) -> None:
    shelf = console.store("shelf")
    sold(shelf, "e-1", hours_ago=2)
    second, third = sold(shelf, "e-2"), sold(shelf, "e-3")

    ended = console("replay", "shelf", "--to", "till", "--since", "1h")

    assert ended.code == 0
    assert ended.out.startswith("2 events of shelf in line to till: shelf.Sold.v1")
    waiting = [(row["destination"], row["seq"]) for row in shelf.rows("delivery")]
    assert waiting == [("till", second), ("till", third)]


def test_an_event_that_waits_already_is_left_as_it_is(console: Console) -> None:
    shelf = console.store("shelf")
    sold(shelf, "e-1", "till")

    ended = console("replay", "shelf", "--to", "till", "--since", "2020-01-01")

    assert ended.code == 0
    assert len(shelf.rows("delivery")) == 1


def test_it_says_how_many_the_receiver_knows_already(console: Console) -> None:
    sold(console.store("shelf"), "e-1")
    till = console.store("till")
    till.handled("e-1", source="shelf", type="shelf.Sold.v1")

    ended = console("replay", "shelf", "--to", "till", "--since", "1d", "--dry-run", "--json")

    assert (ended.json["events"], ended.json["known"]) == (1, 1)


def test_a_dry_run_changes_nothing(console: Console) -> None:
    shelf = console.store("shelf")
    sold(shelf, "e-1")

    ended = console("replay", "shelf", "--to", "till", "--since", "1d", "--dry-run")

    assert ended.out.startswith("1 event of shelf would be sent to till")
    assert shelf.rows("delivery") == []


def test_a_module_that_does_not_subscribe_gets_nothing(console: Console) -> None:
    console.store("till")

    ended = console("replay", "till", "--to", "shelf", "--since", "1d")

    assert ended.code == 2
    assert ended.err.splitlines() == [
        "error  shelf does not subscribe to anything of till",
        "  why  of till it subscribes to nothing",
        "  fix  amphibus modules shelf",
    ]


def test_a_time_that_is_none_is_refused(console: Console) -> None:
    console.store("shelf")

    ended = console("replay", "shelf", "--to", "till", "--since", "yesterday")

    assert ended.code == 2
    assert ended.err.startswith("error  'yesterday' is no time")
