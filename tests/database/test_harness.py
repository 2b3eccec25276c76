"""What a test sees of modules whose databases are on a server."""

import asyncio

import pytest

from amphibus.testing import NotSeen
from amphibus.testing.conformance.contracts.archive import v1 as archive
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


async def test_what_became_of_messages_is_seen_as_in_files(office: Office) -> None:
    async with office.open(max_attempts=2, quick_retries=0) as shop:
        await shop.send(desk.Write(book="a", line=1), message_id="good")
        await shop.send(desk.Write(book="b", line=2, mood="broken"), message_id="bad")

        assert await shop.expect(archive.File, book="a") == archive.File(book="a", line=1)
        with pytest.raises(NotSeen, match=r"desk desk\.Written\.v1"):
            await shop.expect(archive.File, book="b")
        assert shop.seen(desk.Written) == [desk.Written(book="a", line=1)]
        assert [each.id for each in shop.outgoing()][:2] == ["good", "bad"]
        (done,) = shop.inbox("desk")
        assert (done["id"], done["outcome"], done["attempts"]) == ("good", "handled", 1)
        (waiting,) = shop.delayed("desk")
        assert (waiting["id"], waiting["attempts"]) == ("bad", 1)

        await shop.advance(minutes=6)
        (letter,) = shop.dead("desk")
        assert (letter["id"], letter["reason"], letter["attempts"]) == ("bad", "failed", 2)
        assert shop.delayed("desk") == []


async def test_a_module_that_was_sent_something_while_others_were_asked_is_not_at_rest(
    office: Office,
) -> None:
    """A server takes its time to answer, and the one that was asked first is at work again by then."""
    async with office.open(poll_seconds=60.0) as shop:
        await shop.send(desk.Write(book="b", line=0))
        await shop.settle()
        turn: asyncio.Lock = shop.host.modules["gateway"].store.reader._turn  # type: ignore[attr-defined]
        async with turn:
            resting = asyncio.ensure_future(shop.host.idle())
            await until(lambda: turn._waiters)
            await shop.send(desk.Write(book="b", line=1, mood="readers hold"))
            await until(lambda: office.script.held)
            await until(lambda: office.count("gateway", "amphibus_delivery") == 0)

        assert not await resting
        office.script.gate.set()
        await shop.settle()
