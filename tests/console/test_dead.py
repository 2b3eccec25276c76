"""Dead letters: found, tried again, corrected, given up."""

import json
import re

from amphibus.cli.output import microseconds
from tests.console.conftest import Console
from tests.console.stores import NOW, SALE

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def test_dead_messages_of_all_modules_are_listed_oldest_first(console: Console) -> None:
    console.store("till").died("m-2")
    console.store("shelf").died("m-1")

    ended = console("dead", "list")

    assert ended.code == 0
    assert "2 dead messages" in ended.out
    assert {line.split()[1] for line in ended.out.splitlines()[1:3]} == {"till", "shelf"}


def test_the_list_is_narrowed_by_module_and_type(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1")
    shelf.died("m-2", type="shelf.Other.v1")
    console.store("till").died("m-3")

    narrowed = console("dead", "list", "--module", "shelf", "--type", "shelf.Sell.v1", "--json")

    assert [each["id"] for each in narrowed.json] == ["m-1"]


def test_one_is_shown_with_its_traceback_and_payload(console: Console) -> None:
    console.store("shelf").died("m-1", data={"item": "glass"})

    as_text, as_json = console("dead", "show", "m-1"), console("dead", "show", "m-1", "--json")

    assert "Traceback (most recent call last): it broke" in as_text.out
    assert '"item": "glass"' in as_text.out
    assert as_json.json["body"] == {"item": "glass"}
    assert as_json.json["attempts"] == 8


def test_times_are_instants_for_people_and_programs_and_none_is_a_number(console: Console) -> None:
    console.store("shelf").died("m-1")
    as_text, as_json = console("dead", "show", "m-1"), console("dead", "list", "--json")

    (letter,) = as_json.json
    assert all(INSTANT.fullmatch(letter[name]) for name in ("time", "received", "died"))
    assert microseconds(letter["died"]) == NOW - 1_000_000
    assert str(NOW)[:6] not in as_text.out
    cursor = f"{letter['died']}/shelf/m-0"
    (same,) = console("dead", "list", "--after", cursor, "--json").json
    assert same["id"] == "m-1"


def test_one_that_is_not_there_is_a_three_line_error(console: Console) -> None:
    console.store("shelf")

    ended = console("dead", "show", "m-9")

    assert ended.code == 1
    assert ended.err.splitlines() == [
        "error  no dead letter m-9",
        "  why  it was retried or discarded, or never died",
        "  fix  amphibus dead list",
    ]


def test_a_retried_message_is_parked_with_all_its_attempts_and_due_at_once(
    console: Console,
) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1")

    ended = console("dead", "retry", "m-1")

    assert (ended.code, shelf.rows("dead")) == (0, [])
    (delayed,) = shelf.rows("delayed")
    assert delayed["id"] == "m-1"
    assert (delayed["attempts"], delayed["tries"], delayed["late"]) == (0, 0, 0)
    assert delayed["due"] >= NOW
    assert delayed["ordering_key"] == f"gateway\x1f{SALE}"


def test_one_whose_key_has_moved_on_is_marked_late(console: Console) -> None:
    """Its handler must be able to see that the world has changed since."""
    shelf = console.store("shelf")
    shelf.died("m-1")
    shelf.handled("m-2", handled_at=NOW)

    ended = console("dead", "retry", "m-1", "--json")

    assert ended.json["retried"] == [{"id": "m-1", "module": "shelf", "late": True}]
    assert shelf.rows("delayed")[0]["late"] == 1


def test_what_was_handled_before_it_died_does_not_make_it_late(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.handled("m-0")
    shelf.handled("m-9", key="another", handled_at=NOW)
    shelf.died("m-1")

    console("dead", "retry", "--all")

    assert shelf.rows("delayed")[0]["late"] == 0


def test_behind_a_parked_message_of_its_key_it_waits_its_turn(console: Console) -> None:
    """Two messages of one key that are due together would be handled out of order."""
    shelf = console.store("shelf")
    shelf.died("m-1")
    shelf.delayed("m-2", due=NOW)

    console("dead", "retry", "m-1")

    retried = next(row for row in shelf.rows("delayed") if row["id"] == "m-1")
    assert (retried["due"], retried["late"]) == (None, 1)


def test_two_of_one_key_are_tried_one_after_the_other_and_are_not_late(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1")
    shelf.died("m-2")

    console("dead", "retry", "--all")

    first, second = shelf.rows("delayed")
    assert (first["id"], first["late"], first["due"] is None) == ("m-1", 0, False)
    assert (second["id"], second["late"], second["due"] is None) == ("m-2", 0, True)


def test_one_that_blocks_its_key_goes_before_what_waits_behind_it(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1", blocks=True)
    shelf.delayed("m-2", due=None)

    console("dead", "retry", "m-1")

    dues = {row["id"]: row["due"] for row in shelf.rows("delayed")}
    assert dues["m-1"] is not None
    assert dues["m-2"] is None


def test_a_dry_run_changes_nothing(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1")

    retried = console("dead", "retry", "--all", "--dry-run")
    discarded = console("dead", "discard", "--all", "--dry-run")

    assert "dry run: nothing was changed" in retried.out
    assert "dry run: nothing was changed" in discarded.out
    assert len(shelf.rows("dead")) == 1
    assert shelf.rows("delayed") == shelf.rows("inbox") == []


def test_to_retry_everything_it_must_be_said(console: Console) -> None:
    console.store("shelf").died("m-1")

    ended = console("dead", "retry")

    assert ended.code == 2
    assert ended.err.startswith("error  no message named")


def test_a_discarded_message_is_never_handled(console: Console) -> None:
    """The inbox row is what keeps a copy that comes again from being handled."""
    shelf = console.store("shelf")
    shelf.died("m-1")

    ended = console("dead", "discard", "m-1")

    assert (ended.code, shelf.rows("dead")) == (0, [])
    (known,) = shelf.rows("inbox")
    assert (known["id"], known["outcome"], known["attempts"]) == ("m-1", "discarded", 8)


def test_what_waited_behind_a_discarded_message_goes_on(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1", blocks=True)
    shelf.delayed("m-2", due=None)
    shelf.delayed("m-3", due=None)

    console("dead", "discard", "m-1")

    dues = {row["id"]: row["due"] for row in shelf.rows("delayed")}
    assert dues["m-2"] is not None
    assert dues["m-3"] is None


def test_it_goes_on_only_behind_the_last_that_blocks(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1", blocks=True)
    shelf.died("m-2", blocks=True)
    shelf.delayed("m-3", due=None)

    console("dead", "discard", "m-1")

    assert shelf.rows("delayed")[0]["due"] is None


def test_a_payload_is_corrected(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1")
    right = {"sale_id": SALE, "item": "cup"}

    ended = console("dead", "edit", "m-1", "--data", json.dumps(right))

    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "next: amphibus dead retry m-1 --module shelf"
    assert json.loads(shelf.rows("dead")[0]["body"]) == right | {"pieces": 1}


def test_a_payload_that_breaks_its_contract_is_refused(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1")
    before = shelf.rows("dead")

    ended = console("dead", "edit", "m-1", "--data", '{"item": "", "pieces": 0}')

    assert ended.code == 1
    assert "item must have at least 1 character" in ended.err
    assert "pieces must be greater than or equal to 1" in ended.err
    assert shelf.rows("dead") == before


def test_a_payload_is_corrected_in_an_editor(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1")

    ended = console("dead", "edit", "m-1", EDITOR="sed -i s/glass/cup/")

    assert ended.code == 0
    assert json.loads(shelf.rows("dead")[0]["body"])["item"] == "cup"


def test_an_editor_that_fails_changes_nothing(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.died("m-1")
    before = shelf.rows("dead")

    ended = console("dead", "edit", "m-1", EDITOR="false")

    assert (ended.code, shelf.rows("dead")) == (1, before)


def test_a_message_that_died_in_two_modules_needs_its_module_to_be_edited(
    console: Console,
) -> None:
    console.store("shelf").died("m-1")
    console.store("till").died("m-1")

    ended = console("dead", "edit", "m-1", "--data", "{}")

    assert ended.code == 2
    assert ended.err.splitlines()[-1] == "  fix  amphibus dead edit m-1 --module shelf"


def test_the_list_comes_in_pages(console: Console) -> None:
    """What is said to be more is the rest, none twice, none left out, whichever module it died in."""
    for module in ("shelf", "till"):
        store = console.store(module)
        for number in range(3):
            store.died(f"{module}-{number}")

    first = console("dead", "list", "--limit", "4")
    more = first.out.splitlines()[-1].removeprefix("more: amphibus ").split()
    second = console(*more)

    listed = [
        line.split()[0] for line in (first.out + second.out).splitlines() if "shelf.Sell" in line
    ]
    assert listed == [f"{module}-{number}" for module in ("shelf", "till") for number in range(3)]
    assert "more:" not in second.out


def test_a_place_that_is_none_is_a_three_line_error(console: Console) -> None:
    console.store("shelf")

    ended = console("dead", "list", "--after", "m-1")

    assert ended.code == 2
    assert ended.err.splitlines()[0] == "error  --after cannot be 'm-1'"
