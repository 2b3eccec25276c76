"""The lock is a history that branches can merge, and one that cannot be used says so."""

import json
from pathlib import Path

import pytest

from amphibus.evolution.forms.form import form_of
from amphibus.evolution.lock import Entry, lock_of, path_of, texts_of
from contracts.orders import v1 as orders
from tests.evolution.project import Depot
from tests.evolution.shop import changed

_PATH = path_of("orders.CancelOrder.v1")
_FIELD = '    """Cancels an order that is still pending."""\n\n    order_id: UUID\n'


def text_of(*entries: Entry) -> str:
    (text,) = texts_of(entries).values()
    return text


def test_a_lock_says_again_what_was_written_into_it(tmp_path: Path) -> None:
    entry = Entry(form_of(orders.CancelOrder))
    more = changed("orders", tmp_path, (_FIELD, f"{_FIELD}    note: ShortText | None = None\n"))
    later = entry.followed_by(form_of(more["orders.CancelOrder.v1"]), {})
    text = text_of(later)
    found = lock_of({_PATH: text.encode()})

    assert found.problems == ()
    assert found.entries == {"orders.CancelOrder.v1": later}
    assert text_of(*found.entries.values()) == text
    assert len(later.before) == 1


def test_words_alone_make_no_edition(tmp_path: Path) -> None:
    entry = Entry(form_of(orders.CancelOrder))
    other = changed("orders", tmp_path, ("Cancels an order that", "Cancels any order that"))

    assert entry.followed_by(form_of(other["orders.CancelOrder.v1"]), {}).before == {}


def test_a_form_that_is_taken_back_is_no_edition_of_its_own_past(tmp_path: Path) -> None:
    first = form_of(orders.CancelOrder)
    more = changed("orders", tmp_path, (_FIELD, f"{_FIELD}    note: ShortText | None = None\n"))
    there = Entry(first).followed_by(form_of(more["orders.CancelOrder.v1"]), {})
    back = there.followed_by(first, {})

    assert [each.form for each in back.before.values()] == [there.now]


def test_every_fact_stands_on_a_line_of_its_own() -> None:
    """Personal data, refusals, the key and the route are part of what a contract promises."""
    lines = [line.strip() for line in text_of(Entry(form_of(orders.PlaceOrder))).splitlines()]

    for fact in (
        '"purpose": "to write to the customer about the order"',
        '"key": "order_id",',
        '"path": "/v1/orders",',
        '"order_exists": 409,',
        '"stored": true',
        '"x-decimal-places": 4,',
        '"x-minimum": "0",',
        '"x-strict": true',
    ):
        assert fact in lines


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged (it is no object)"),
        ('{"format": 99, "contracts": {}}', "has the format 99, and this version of Amphibus knows 4"),
        ('{"format": 2}', "is damaged"),
        ('{"format": 2, "contracts": {"CancelOrder": {"now": {"type": "orders.CancelOrder.v1"}}}}', "is required"),
        ("<<<<<<< HEAD\n=======\n>>>>>>> other\n", "holds the marks of an unfinished merge"),
    ],
)  # fmt: skip
def test_a_lock_that_cannot_be_used_says_why_and_what_to_type(content: str, said: str) -> None:
    found = lock_of({_PATH: content.encode()})

    assert found.entries == {}
    (problem,) = found.problems
    assert problem.startswith("contracts/orders/v1.lock.json ")
    assert said in problem
    assert ": git checkout" in problem or "upgrade" in problem


def test_a_released_form_that_was_edited_is_found(tmp_path: Path) -> None:
    more = changed("orders", tmp_path, (_FIELD, f"{_FIELD}    note: ShortText | None = None\n"))
    entry = Entry(form_of(orders.CancelOrder)).followed_by(
        form_of(more["orders.CancelOrder.v1"]), {}
    )
    data = json.loads(text_of(entry))
    (edition,) = data["contracts"]["CancelOrder"]["before"].values()
    edition["form"]["key"] = None
    (problem,) = lock_of({_PATH: json.dumps(data).encode()}).problems

    assert "was edited where CancelOrder was released before (MSG16)" in problem


def test_a_damaged_lock_is_a_problem_and_is_not_written_over(depot: Depot) -> None:
    depot.lock.write_text("{")
    fixed = depot("check", "--fix")

    assert fixed.code == 3
    assert "contracts/store/v1.lock.json is damaged" in fixed.out
    assert depot.lock.read_text() == "{"


def test_two_branches_that_changed_one_lock_are_merged_line_by_line(depot: Depot) -> None:
    """Two contracts of one file, and two fields of one contract."""
    depot.git("switch", "--quiet", "--create", "other")
    depot.edit(
        "    pieces: Annotated[int, Field(ge=1, le=1000)]\n\n\nclass",
        "    pieces: Annotated[int, Field(ge=1, le=1000)]\n    zone: Key | None = None\n\n\nclass",
    )
    assert depot("check", "--fix").code == 0
    depot.commit()
    depot.git("switch", "--quiet", "main")
    depot.edit(
        'on a shelf."""\n\n    shelf: Key\n',
        'on a shelf."""\n\n    aisle: Key | None = None\n    shelf: Key\n',
    )
    assert depot("check", "--fix").code == 0
    depot.commit()
    depot.git("merge", "--quiet", "--no-edit", "other")

    merged = json.loads(depot.lock.read_text())["contracts"]["Put"]["now"]["payload"]["taken"]

    assert list(merged["properties"]) == ["aisle", "pieces", "shelf", "zone"]
    ended = depot("check")
    assert (ended.code, ended.out) == (0, "ok  4 modules, 2 contracts\n")
