"""Promise 5: failures are bounded, and a business refusal is not one of them."""

import json
from functools import partial
from typing import Any

import pytest

from amphibus.admin import dead
from amphibus.errors import Refused, RequestFailed
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


async def test_a_failure_is_tried_again_at_once(office: Office) -> None:
    async with office.open(quick_retries=2) as shop:
        identity = await shop.send(desk.Write(book="b", line=1, mood="fail 2"))
        await shop.settle()

        assert shop.delayed("desk") == []
        assert shop.inbox("desk")[0]["attempts"] == 3

    assert office.script.runs["desk", identity] >= 3


async def test_then_it_is_parked_with_delays_that_grow(office: Office) -> None:
    settings: dict[str, Any] = {
        "retry_first_seconds": 10.0,
        "retry_factor": 3.0,
        "retry_jitter": 0.2,
    }
    async with office.open(quick_retries=0, **settings) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="broken"))
        await shop.settle()
        for step in (10, 30, 90, 270):
            now = shop.clock.now()
            wait = (shop.delayed("desk")[0]["due"] - now) / 1_000_000
            assert step * 0.8 - 5 <= wait <= step * 1.2
            await shop.advance(seconds=wait - 2)
            runs = len(office.script.seen)
            await shop.advance(seconds=3)
            await until(partial(_more_runs, office, runs))
            await shop.settle()


async def test_after_its_last_attempt_it_is_dead_and_says_why(office: Office) -> None:
    async with office.open(max_attempts=4, quick_retries=1) as shop:
        identity = await shop.send(desk.Write(book="b", line=1, mood="broken"))
        await _days(shop, 1)
        (letter,) = shop.dead("desk")

        assert (letter["id"], letter["reason"], letter["attempts"]) == (identity, "failed", 4)
        assert "Broken" in letter["error"]
        assert "moods.py" in letter["traceback"]
        assert shop.delayed("desk") == []

    # What another unit of its batch has undone is run again.
    assert office.script.runs["desk", identity] >= 4
    body = office.query("desk", "SELECT body FROM amphibus_dead")[0][0]
    assert json.loads(body) == {"book": "b", "line": 1, "mood": "broken"}


async def test_a_dead_letter_that_is_tried_again_has_all_its_attempts(office: Office) -> None:
    async with office.open(max_attempts=2, quick_retries=0) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="broken"))
        await _days(shop, 1)
        await _retry(office)
        shop.host.wake()
        await _days(shop, 1)
        assert shop.dead("desk")[0]["attempts"] == 2
        assert len(office.script.seen) == 4
        office.script.healed = True
        await _retry(office)
        shop.host.wake()
        await shop.settle()

        assert shop.dead("desk") == []

    assert office.numbers("desk", "b") == [1]


async def test_a_handler_that_hangs_has_failed_and_holds_nobody_up_for_ever(office: Office) -> None:
    async with office.open(handler_timeout_seconds=0.1, max_attempts=2, quick_retries=0) as shop:
        await shop.send(desk.Write(book="a", line=1, mood="hold"))
        await shop.send(desk.Write(book="b", line=1))
        await until(lambda: office.numbers("desk", "b") == [1])
        await until(lambda: shop.delayed("desk"))
        await shop.advance(minutes=6)

        (letter,) = shop.dead("desk")
        assert "did not end within 0.1 s" in letter["error"]
        assert (letter["reason"], letter["attempts"]) == ("failed", 2)

    assert office.numbers("desk", "a") == []


async def test_what_is_too_large_for_its_receivers_is_refused_where_it_is_published(
    office: Office,
) -> None:
    """The one who says it learns of it, and not each of those who would have heard it."""
    small = desk.Paint(book="b", dark=True)
    limit = len(small.model_dump_json())
    async with office.open(max_attempts=1, body_limit_bytes=limit) as shop:
        await shop.send(small)
        await shop.settle()

        (letter,) = shop.dead("desk")
        assert f"desk.Painted.v2 has 29 bytes of at most {limit}" in letter["error"]
        assert "business.py" in letter["traceback"]
        assert shop.dead("archive") == shop.dead("readers") == []

    assert office.lines("desk") == office.lines("archive") == []


async def test_a_dead_letter_can_be_corrected(office: Office) -> None:
    async with office.open(max_attempts=1) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="broken"))
        await shop.settle()
        stores = office.stores("desk")
        (letter,) = await dead.found_at_rest(stores)
        await dead.edit(stores, letter, b'{"book": "b", "line": 2}')
        await _retry(office)
        shop.host.wake()
        await shop.settle()

    assert office.numbers("desk", "b") == [2]


async def test_what_is_dead_is_known_and_not_handled_again(office: Office) -> None:
    async with office.open(max_attempts=1) as shop:
        for _ in range(2):
            await shop.publish(
                desk.Written(book="b", line=1, mood="readers broken"), message_id="same"
            )
            await shop.settle()

        assert len(shop.dead("readers")) == 1

    assert office.script.runs["readers", "same"] == 1


async def test_what_was_discarded_never_comes_again(office: Office) -> None:
    async with office.open(max_attempts=1) as shop:
        event = desk.Written(book="b", line=1, mood="readers broken")
        await shop.publish(event, message_id="same")
        await shop.settle()
        stores = office.stores("readers", "archive")
        await dead.discard(stores, await dead.found_at_rest(stores))
        office.script.healed = True
        await shop.publish(event, message_id="same")
        await shop.settle()

    assert office.lines("readers") == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("desk.Write.v1", b"no json"),
        ("desk.Write.v1", b'{"book": "b"}'),
        ("desk.Write.v1", b"\xff\xfe"),
        ("desk.Write.v9", b'{"book": "b", "line": 1}'),
        ("desk.Burn.v1", b"{}"),
    ],
)
async def test_what_cannot_be_read_is_dead_at_once(office: Office, kind: str, body: bytes) -> None:
    """Trying again is useless, and the dead letter says what to do."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        await _forge(office, kind, body)
        shop.host.wake()
        await until(lambda: office.count("desk", "amphibus_dead"))
        await shop.settle()
        (letter,) = shop.dead("desk")

        assert (letter["reason"], letter["attempts"]) == ("undecodable", 1)
        assert letter["type"] == kind
        assert kind in letter["error"]

    assert office.numbers("desk", "b") == [1]


async def test_what_came_behind_something_unreadable_is_handled(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        await _forge(office, "desk.Write.v9", b"{}")
        shop.host.wake()
        await until(lambda: office.count("desk", "amphibus_dead"))
        await shop.send(desk.Write(book="b", line=2))
        await shop.settle()

    assert office.numbers("desk", "b") == [1, 2]


async def test_what_no_header_may_hold_is_not_lost_on_its_way(office: Office) -> None:
    """It is handled where there are no headers, and dead at once where there are; what comes behind it is handled."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        await _forge(office, "desk.Write.v1", b'{"book": "b", "line": 2}', "two\nlines")
        shop.host.wake()
        await until(lambda: 2 in office.numbers("desk", "b") or shop.dead("desk"))
        await shop.send(desk.Write(book="b", line=3))
        await shop.settle()

        for letter in shop.dead("desk"):
            assert (letter["reason"], letter["attempts"]) == ("undecodable", 1)
            assert "ce-correlationid" in letter["error"]

    assert [line for line in office.numbers("desk", "b") if line != 2] == [1, 3]
    assert office.count("gateway", "amphibus_delivery") == 0


async def test_a_refusal_is_an_answer_and_not_a_failure(office: Office) -> None:
    async with office.open() as shop:
        with pytest.raises(Refused) as refusal:
            await shop.request(desk.Write(book="b", line=1, mood="refuse full"))
        await shop.settle()

        assert refusal.value.code == "full"
        assert shop.dead("desk") == shop.delayed("desk") == []
        assert shop.inbox("desk")[0]["outcome"] == "refused"

    assert office.lines("desk") == []


async def test_a_code_that_is_not_declared_is_a_failure(office: Office) -> None:
    """Senders know the declared codes only."""
    async with office.open() as shop:
        with pytest.raises(RequestFailed):
            await shop.request(desk.Write(book="b", line=1, mood="refuse strange"))


@pytest.mark.parametrize("mood", ["away 20", "outside away 20"])
async def test_while_the_outside_is_away_no_attempt_is_spent(office: Office, mood: str) -> None:
    """An outage of hours must not kill what a healthy minute would have handled."""
    async with office.open(max_attempts=2) as shop:
        identity = await shop.send(desk.Call(book="b", line=1, mood=mood))
        await _days(shop, 1)

        assert shop.dead("desk") == []
        assert shop.inbox("desk")[0]["attempts"] == 1

    assert office.numbers("desk", "b") == [1]
    place = "desk outside" if mood.startswith("outside") else "desk"
    assert office.script.runs[place, identity] == 21


async def _forge(office: Office, kind: str, body: bytes, correlation: str = "forged") -> None:
    """Leaves in the outbox what a newer sender, or a broken one, would have left there."""
    office.change(
        "gateway",
        "INSERT INTO amphibus_outbox (id, type, source, key, time, correlation, trace, reply, body)"
        " SELECT ?, ?, source, 'b', time, ?, trace, 0, ? FROM amphibus_outbox LIMIT 1",
        f"forged {kind}",
        kind,
        correlation,
        body,
    )
    office.change(
        "gateway",
        "INSERT INTO amphibus_delivery (destination, seq) SELECT 'desk', max(seq) FROM amphibus_outbox",
    )


def _more_runs(office: Office, before: int) -> bool:
    return len(office.script.seen) == before + 1


async def _retry(office: Office) -> None:
    stores = office.stores("desk")
    await dead.retry(stores, await dead.found_at_rest(stores))


async def _days(shop: Harness, days: int) -> None:
    await shop.settle()
    for _ in range(days * 48):
        if not shop.delayed("desk"):
            return
        await shop.advance(minutes=30)
