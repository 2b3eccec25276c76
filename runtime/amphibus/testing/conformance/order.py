"""Promise 4: for one sender, one receiver and one key, in the order of the sender's commits."""

import pytest

from amphibus.admin import dead, enqueue, replay
from amphibus.database.envelope_rows import ENVELOPE
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.routing.codec import to_bytes
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio
LINES = list(range(12))


async def test_messages_of_a_key_are_handled_in_order(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(*[desk.Write(book=book, line=n) for n in LINES for book in "abc"])
        await shop.settle()

    for book in "abc":
        assert office.numbers("desk", book) == LINES
        assert office.numbers("readers", book) == LINES
        assert office.numbers("archive", book, "heard") == LINES
        assert office.numbers("archive", book, "filed") == LINES


@pytest.mark.parametrize("mood", ["fail 1", "fail 4", "away 2", "outside away 2", "outside fail 4"])
async def test_later_ones_wait_behind_one_that_failed(office: Office, mood: str) -> None:
    async with office.open() as shop:
        await shop.send(*[desk.Call(book="b", line=n, mood=mood if n == 3 else "") for n in LINES])
        await shop.settle()
        for _ in range(8):
            await shop.advance(minutes=6)

    assert office.numbers("desk", "b") == LINES


async def test_what_waits_behind_a_parked_one_is_not_even_tried(office: Office) -> None:
    async with office.open(quick_retries=0) as shop:
        await shop.send(desk.Write(book="b", line=0, mood="fail 1"))
        await shop.send(*[desk.Write(book="b", line=n) for n in (1, 2)])
        await shop.settle()

        assert [each["attempts"] for each in shop.delayed("desk")] == [1, 0, 0]
        assert office.script.seen == [("desk", "b", 0)]
        await shop.advance(minutes=1)

    assert office.numbers("desk", "b") == [0, 1, 2]


async def test_order_holds_across_a_restart_with_parked_messages(office: Office) -> None:
    async with office.open(quick_retries=0) as shop:
        await shop.send(*[desk.Write(book="b", line=n, mood="fail 1") for n in (0, 1)])
        await shop.settle()
    async with office.open(quick_retries=0) as shop:
        await shop.send(*[desk.Write(book="b", line=n) for n in (2, 3)])
        await shop.settle()
        for _ in range(3):
            await shop.advance(minutes=1)

    assert office.numbers("desk", "b") == [0, 1, 2, 3]


async def test_a_parked_one_that_was_handled_elsewhere_is_let_go(office: Office) -> None:
    """Two instances meet: one delays behind others what the other one is handling."""
    async with office.open(quick_retries=0, retry_first_seconds=30) as shop:
        await shop.send(
            *[desk.Write(book="b", line=n, mood="fail 1" * (n == 1)) for n in (0, 1, 2)]
        )
        await shop.settle()
        columns = f"{ENVELOPE}, received, attempts"
        office.change(
            "desk",
            f"INSERT INTO amphibus_delayed (seq, ordering_key, {columns}, tries, due, late, error)"
            " SELECT 0, (SELECT min(ordering_key) FROM amphibus_delayed),"
            f" {columns}, 0, NULL, 0, '' FROM amphibus_inbox WHERE key = 'b'",
        )
        office.change("desk", "UPDATE amphibus_delayed SET due = CASE seq WHEN 0 THEN 0 END")
        await shop.advance(minutes=1)
        await shop.settle()

        assert shop.delayed("desk") == shop.dead("desk") == []

    assert office.numbers("desk", "b") == [0, 1, 2]


async def test_different_keys_do_not_wait_for_each_other(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Call(book="a", line=0, mood="outside hold"))
        await shop.send(*[desk.Call(book="a", line=n) for n in LINES])
        await shop.send(*[desk.Call(book="b", line=n) for n in LINES])
        await until(lambda: office.numbers("desk", "b") == LINES)

        assert office.numbers("desk", "a") == []
        office.script.gate.set()
        await shop.settle()


async def test_a_key_with_a_long_backlog_does_not_hold_up_others(office: Office) -> None:
    """The backlog of one key may be longer than all that is kept in memory."""
    async with office.open(window=4, poll_seconds=0.05) as shop:
        await shop.send(desk.Call(book="a", line=0, mood="outside hold"))
        await shop.send(*[desk.Call(book="a", line=n) for n in range(1, 120)])
        await shop.send(*[desk.Call(book="b", line=n) for n in LINES])
        await until(lambda: office.numbers("desk", "b") == LINES)

        office.script.gate.set()
        await shop.settle()

    assert office.numbers("desk", "a") == list(range(120))


async def test_what_another_process_has_sent_before_goes_before(office: Office) -> None:
    """As `amphibus send` does beside the gateway, which finds it only when it looks."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=0))
        await shop.settle()
        before = desk.Write(book="b", line=1)
        await enqueue.enqueue(office.stores("gateway")["gateway"], [_item("m1", before)])
        await shop.send(desk.Write(book="b", line=2))
        await until(lambda: office.numbers("desk", "b") == [0, 1, 2])
        await shop.settle()

    assert office.numbers("readers", "b") == [0, 1, 2]


async def test_what_is_replayed_goes_before_what_is_said_later(office: Office) -> None:
    """A module with a new database gets the past first."""
    async with office.open() as shop:
        await shop.send(*[desk.Write(book="b", line=n) for n in (0, 1)])
        await shop.settle()
        for table in ("line", "amphibus_inbox"):
            office.change("readers", f"DELETE FROM {table}")
        log = office.stores("desk")["desk"]
        found = await replay.plan(log, None, types=["desk.Written.v1"], since=0)
        _ = [count async for count in replay.replay(log, "readers", found, Operator(who="ada"))]
        await shop.send(desk.Write(book="b", line=2))
        await shop.settle()

    assert office.numbers("readers", "b") == [0, 1, 2]
    audit = office.query("desk", "SELECT what, who, object, count FROM amphibus_audit")
    assert audit == [("ReplayEvents", "ada", "events to readers: desk.Written.v1", 2)]


async def test_behind_a_dead_one_the_others_go_on(office: Office) -> None:
    async with office.open(max_attempts=1) as shop:
        await shop.send(*[desk.Write(book="b", line=n, mood="broken" * (n == 1)) for n in (0, 1)])
        await shop.send(desk.Write(book="b", line=2))
        await shop.settle()

        assert len(shop.dead("desk")) == 1

    assert office.numbers("desk", "b") == [0, 2]


async def test_a_dead_one_that_is_tried_again_is_marked_late(office: Office) -> None:
    """Its handler can tell that the world has moved on."""
    async with office.open(max_attempts=1) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="broken"), desk.Write(book="b", line=2))
        await shop.settle()
        office.script.healed = True
        await _retry_all(office, shop)

    assert office.query("desk", "SELECT line, late FROM line ORDER BY id") == [(2, 0), (1, 1)]


async def test_behind_a_blocking_dead_one_the_others_wait(office: Office) -> None:
    async with office.open(max_attempts=1) as shop:
        await shop.send(*[desk.Guard(book="b", line=n, mood="broken" * (not n)) for n in (0, 1, 2)])
        await shop.send(desk.Guard(book="c", line=9))
        await shop.settle()
        assert office.lines("desk") == [("c", 9, "guarded")]
        office.script.healed = True
        await _retry_all(office, shop)

    assert office.query("desk", "SELECT line, late FROM line WHERE book = 'b' ORDER BY id") == [
        (0, 0),
        (1, 0),
        (2, 0),
    ]


async def test_those_that_waited_behind_its_retries_wait_behind_its_death_too(
    office: Office,
) -> None:
    async with office.open(max_attempts=2, quick_retries=0) as shop:
        await shop.send(*[desk.Guard(book="b", line=n, mood="broken" * (not n)) for n in (0, 1, 2)])
        await shop.settle()
        await shop.advance(minutes=1)
        await shop.advance(hours=1)

        assert [each["key"] for each in shop.dead("desk")] == ["b"]
        assert len(shop.delayed("desk")) == 2

    assert office.lines("desk") == []


async def test_a_block_outlives_a_restart_and_ends_with_a_discard(office: Office) -> None:
    async with office.open(max_attempts=1) as shop:
        await shop.send(*[desk.Guard(book="b", line=n, mood="broken" * (not n)) for n in (0, 1)])
        await shop.settle()
    async with office.open(max_attempts=1, poll_seconds=0.02) as shop:
        await shop.send(desk.Guard(book="b", line=2))
        await shop.settle()
        assert office.lines("desk") == []
        stores = office.stores("desk")
        await dead.discard(stores, await dead.found_at_rest(stores))
        await until(lambda: office.numbers("desk", "b") == [1, 2])
        await shop.settle()


def _item(identity: str, command: desk.Write) -> enqueue.AcceptedItem:
    return enqueue.AcceptedItem(
        id=identity,
        type=desk.Write.contract_type,
        key=command.book,
        body=to_bytes(command),
        owner="desk",
        digest=b"",
        identities=(identity,),
    )


async def _retry_all(office: Office, shop: Harness) -> None:
    stores = office.stores("desk")
    await dead.retry(stores, await dead.found_at_rest(stores))
    shop.host.wake()
    await shop.settle()
