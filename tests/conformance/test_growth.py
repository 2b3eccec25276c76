"""What a process keeps in its memory does not grow with the messages that it has handled."""

import gc
import sqlite3
from collections import deque
from typing import Any

import pytest

from amphibus.inbox.report import UNKNOWN
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio
_FORGED = (
    "INSERT INTO amphibus_outbox (id, type, source, key, time, correlation, trace, reply, body)"
    " SELECT ?, ?, source, 'b', time, 'forged', trace, 0, '{}' FROM amphibus_outbox LIMIT 1"
)
_IN_LINE = (
    "INSERT INTO amphibus_delivery (destination, seq) SELECT 'desk', max(seq) FROM amphibus_outbox"
)
_SLACK = 100
"""A few are always on their way; something kept of each message would be ten times as many."""


@pytest.mark.full
@pytest.mark.parametrize("transport", ["memory"], indirect=True)  # all of it is of ours
async def test_a_thousand_messages_leave_no_more_behind_than_a_hundred(office: Office) -> None:
    async with office.open() as shop:
        await _work(shop, 100)
        before = _kept()
        await _work(shop, 1_000)
        after = _kept()

    assert after["objects"] - before["objects"] < _SLACK
    assert after["items"] - before["items"] < _SLACK


@pytest.mark.parametrize("transport", ["memory"], indirect=True)  # all of it is of ours
async def test_types_that_a_stranger_makes_up_are_counted_as_one(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        for number in range(3):
            office.change("gateway", _FORGED, f"id-{number}", f"desk.Made{number}.v1")
            office.change("gateway", _IN_LINE)
        shop.host.wake()
        await until(lambda: office.count("desk", "amphibus_dead") == 3)
        await shop.settle()
        died = shop.host.meters.registry.restricted_registry(["amphibus_died_total"]).collect()
        counted = {
            each.labels["type"]: each.value for one in died for each in one.samples if each.value
        }

    assert counted == {UNKNOWN: 3.0}


async def _work(shop: Harness, count: int) -> None:
    """Commands that are kept, decided ones, repeated ones, refused ones and queries."""
    for start in range(0, count, 50):
        books = [f"b{number}" for number in range(start, start + 50)]
        await shop.send(*[desk.Write(book=book, line=1) for book in books])
        for book in books[:5]:
            await shop.request(desk.Write(book=book, line=2), message_id=f"decided-{book}-{count}")
            await shop.request(desk.Write(book=book, line=2), message_id=f"decided-{book}-{count}")
            await shop.ask(desk.Count(book=book))
    await shop.settle()


def _kept() -> dict[str, int]:
    """Counts our objects, and the items of the containers that they hold."""
    gc.collect()
    ours = [each for each in gc.get_objects() if _is_ours(type(each))]
    return {"objects": len(ours), "items": sum(map(_items, ours))}


def _is_ours(kind: type) -> bool:
    if issubclass(kind, sqlite3.Connection):
        return False  # the driver keeps up to 200 cursors that have ended in a list of its own
    module = str(kind.__module__)
    return module.startswith("amphibus.") and not module.startswith("amphibus.testing")


def _items(owner: Any) -> int:
    held = gc.get_referents(owner)
    held += [each for name in held if type(name) is dict for each in name.values()]
    return sum(len(each) for each in held if isinstance(each, dict | set | list | deque))
