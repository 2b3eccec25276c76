"""What is remembered, for how long, and what is never forgotten."""

import pytest

from amphibus.admin import dead
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.conformance.pruning import prune

pytestmark = pytest.mark.asyncio
_AGAIN = (
    "INSERT INTO amphibus_delivery (destination, seq, partition)"
    " SELECT 'desk', seq, 0 FROM amphibus_outbox WHERE seq > 0 ON CONFLICT DO NOTHING"
)
EVENT = desk.Written(book="b", line=1)


async def test_a_repetition_is_known_for_all_of_inbox_retention(office: Office) -> None:
    async with office.open() as shop:
        await shop.publish(EVENT, message_id="same")
        await shop.advance(days=29)
        await prune(shop)
        await shop.publish(EVENT, message_id="same")
        await shop.settle()
        assert office.numbers("readers", "b") == [1]
        await shop.advance(days=2)
        await prune(shop)

    assert office.count("readers", "amphibus_inbox") == 0


async def test_what_was_forgotten_stays_so_when_more_is_remembered(office: Office) -> None:
    """A message from then may have been handled; a later one is known as before."""
    short = {"retention.retain_days": 7, "retention.inbox_retention_days": 7}
    async with office.open(settings=short) as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        await shop.advance(days=10)
        await shop.host.modules["desk"].retention.prune()
        assert office.count("desk", "amphibus_inbox") == 0
        await shop.send(desk.Write(book="b", line=2))
        await shop.settle()
    async with office.open(settings=short | {"retention.inbox_retention_days": 30}) as shop:
        office.change("gateway", _AGAIN)
        shop.host.wake()
        await until(lambda: office.count("desk", "amphibus_dead"))
        await shop.settle()
        (letter,) = shop.dead("desk")
        assert (letter["reason"], "was raised since" in letter["error"]) == ("stale", True)

    assert office.numbers("desk", "b") == [1, 2]


async def test_bodies_go_first_and_ids_stay(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        await shop.advance(days=6)
        await prune(shop)
        assert office.query("desk", "SELECT body IS NULL FROM amphibus_inbox") == [(0,)]
        assert office.count("desk", "amphibus_outbox") == 2
        await shop.advance(days=2)
        await prune(shop)

    assert office.query("desk", "SELECT body IS NULL FROM amphibus_inbox") == [(1,)]
    assert office.count("desk", "amphibus_outbox") == 0


async def test_nothing_that_is_not_delivered_is_forgotten(office: Office) -> None:
    """However long its receiver is away. Whether that has had it and forgotten, an operator decides."""
    async with office.open("desk", "archive") as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        await shop.advance(days=100)
        await prune(shop)
    async with office.open() as shop:
        await shop.settle()
        (letter,) = shop.dead("readers")
        assert letter["reason"] == "stale"
        stores = office.stores("readers")
        await dead.retry(stores, await dead.found_at_rest(stores))
        shop.host.wake()
        await shop.settle()

    assert office.numbers("readers", "b") == [1]


async def test_while_a_message_is_parked_nothing_since_it_is_forgotten(office: Office) -> None:
    """It may come again, and so may what was sent after it."""
    async with office.open() as shop:
        await shop.publish(desk.Written(book="p", line=0, mood="readers away 40"), message_id="p")
        await shop.publish(EVENT, message_id="same")
        await shop.settle()
        for _ in range(5):
            await shop.advance(days=10)
            await prune(shop)
        assert len(shop.delayed("readers")) == 1
        await shop.publish(EVENT, message_id="same")
        await shop.settle()

    assert office.numbers("readers", "b") == [1]


async def test_dead_letters_hold_back_nothing_and_are_given_up_in_the_end(office: Office) -> None:
    """They stay long enough for somebody to look; given up, they are not handled by a repetition either."""
    async with office.open(max_attempts=1) as shop:
        broken = desk.Written(book="p", line=0, mood="readers broken")
        await shop.publish(broken, message_id="dead")
        await shop.publish(EVENT)
        await shop.settle()
        await shop.advance(days=50)
        await prune(shop)
        assert len(shop.dead("readers")) == 1
        assert office.count("readers", "amphibus_inbox") == 0
        await shop.advance(days=41)
        await prune(shop)
        assert shop.dead("readers") == []
        office.script.healed = True
        await shop.publish(broken, message_id="dead")
        await shop.settle()

    assert office.numbers("readers", "p") == []


@pytest.mark.parametrize(("book", "days"), [("guarded", 90), ("broken", 0)])
async def test_a_dead_letter_is_kept_that_blocks_its_key_or_if_all_are(
    office: Office, book: str, days: int
) -> None:
    keep = {"retention.dead_letter_days": days}
    async with office.open(max_attempts=1, settings=keep) as shop:
        kind = desk.Guard if book == "guarded" else desk.Write
        await shop.send(kind(book=book, line=1, mood="broken"))
        await shop.settle()
        await shop.advance(days=100)
        await prune(shop)
        assert len(shop.dead("desk")) == 1


async def test_pruning_goes_in_small_batches_until_nothing_is_left(office: Office) -> None:
    async with office.open(settings={"retention.prune_batch": 3}) as shop:
        await shop.send(*[desk.Write(book=f"b{n}", line=n) for n in range(10)])
        await shop.settle()
        for days in (8, 23):
            await shop.advance(days=days)
            await prune(shop)

    for module in ("desk", "archive", "readers"):
        assert office.count(module, "amphibus_inbox") == 0
    assert office.count("desk", "amphibus_outbox") == 0


async def test_an_event_without_a_subscriber_is_complete_at_once(office: Office) -> None:
    """It is in the log, waits for nobody, and is forgotten like the others."""
    async with office.open() as shop:
        await shop.send(desk.Call(book="b", line=1))
        await shop.settle()
        assert office.query("desk", "SELECT type FROM amphibus_outbox") == [("desk.Unheard.v1",)]
        assert office.count("desk", "amphibus_delivery") == 0
        await shop.advance(days=8)
        await prune(shop)

    assert office.count("desk", "amphibus_outbox") == 0


async def test_the_event_log_feeds_a_new_subscriber(office: Office) -> None:
    """Rebuilt from nothing, it sees what was said, in the order in which it was said."""
    from amphibus.admin.replay import plan, replay

    async with office.open() as shop:
        await shop.send(*[desk.Write(book="b", line=n) for n in range(10)])
        await shop.settle()
    office.lose("readers")
    async with office.open() as shop:
        log = office.stores("desk")["desk"]
        found = await plan(log, None, types=[desk.Written.contract_type], since=0)
        _ = [count async for count in replay(log, "readers", found, Operator(who="ada"))]
        shop.host.wake()
        await until(lambda: len(office.numbers("readers", "b")) == 10)
        await shop.settle()

    assert office.numbers("readers", "b") == list(range(10))
    assert office.numbers("archive", "b", "heard") == list(range(10))


async def test_a_replay_to_who_has_it_already_changes_nothing(office: Office) -> None:
    from amphibus.admin.replay import plan, replay

    async with office.open() as shop:
        await shop.send(*[desk.Write(book="b", line=n) for n in range(5)])
        await shop.settle()
        log = office.stores("desk")["desk"]
        found = await plan(log, None, types=[desk.Written.contract_type], since=0)
        _ = [count async for count in replay(log, "readers", found, Operator(who="ada"))]
        shop.host.wake()
        await until(lambda: office.count("desk", "amphibus_delivery") == 0)
        await shop.settle()

    assert office.numbers("readers", "b") == list(range(5))


# A broker takes what waits for a receiver that is away, so nothing waits in the sender's store.
@pytest.mark.parametrize("transport", ["memory", "memory+wire"], indirect=True)
async def test_a_prune_looks_at_a_few_of_those_that_wait_and_comes_to_all_others(
    office: Office,
) -> None:
    """A receiver that is away for long makes no prune of its sender slow."""
    async with office.open("desk", "archive", settings={"retention.prune_batch": 3}) as shop:
        for n in range(4):
            await shop.send(desk.Write(book="b", line=n))
            await shop.settle()
            await shop.advance(seconds=1)
        await shop.send(desk.Paint(book="b"), desk.Call(book="b", line=9))
        await shop.settle()
        await shop.advance(days=1)
        await prune(shop)
        await shop.advance(days=99)
        waiting = office.query("desk", "SELECT count(DISTINCT seq) FROM amphibus_delivery")
        before = office.count("desk", "amphibus_outbox")
        for _ in range(2 * before):
            await prune(shop)

        assert [(office.count("desk", "amphibus_outbox"),)] == waiting
        assert before > waiting[0][0] > 3
