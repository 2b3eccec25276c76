"""Times: a message is handled while its receiver would know it again, and not before it was sent."""

from datetime import timedelta

import pytest

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("moved", "reason"),
    [(timedelta(days=-30), "stale"), (timedelta(hours=25), "future"), (timedelta(days=-28), "")],
)
async def test_a_message_from_another_time_is_dead_at_once(
    office: Office, moved: timedelta, reason: str
) -> None:
    """Whoever kept one could have it done again, once it is forgotten; or as often as he likes."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        _sent_again(office, moved)
        shop.host.wake()
        expected = [1] if reason else [1, 2]
        await until(lambda: office.count("desk", "amphibus_dead") or len(office.lines("desk")) == 2)
        await shop.settle()

        assert [letter["reason"] for letter in shop.dead("desk")] == [reason] * bool(reason)
    assert office.numbers("desk", "b") == expected


def _sent_again(office: Office, moved: timedelta) -> None:
    """Leaves a message in the outbox that says that it was sent at another time."""
    office.change(
        "gateway",
        "INSERT INTO amphibus_outbox (id, type, source, key, time, correlation, trace, reply, body)"
        " SELECT 'moved', type, source, key, time + ?, correlation, trace, 0, ?"
        " FROM amphibus_outbox LIMIT 1",
        int(moved.total_seconds() * 1_000_000),
        desk.Write(book="b", line=2).model_dump_json().encode(),
    )
    office.change(
        "gateway",
        "INSERT INTO amphibus_delivery (destination, seq) SELECT 'desk', max(seq) FROM amphibus_outbox",
    )
