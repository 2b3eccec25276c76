"""What is asked and not kept."""

import asyncio
import time

import pytest

from amphibus.errors import OwnerAway, RequestTimeout
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio


async def test_nobody_listening_is_known_at_once(office: Office) -> None:
    async with office.open("archive") as shop:
        began = time.monotonic()
        with pytest.raises(OwnerAway, match="desk is not there"):
            await shop.request(desk.Write(book="b", line=1), timeout=30)

        assert time.monotonic() - began < 2


async def test_many_are_asked_at_once(office: Office) -> None:
    """The library's own client asks one after the other."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        answers = await asyncio.gather(*(shop.ask(desk.Count(book="b")) for _ in range(200)))

    assert {answer.lines for answer in answers} == {1}


async def test_a_connection_that_is_lost_leaves_the_outcome_open(
    office: Office, node: RabbitNode
) -> None:
    async with office.open() as shop:
        asking = asyncio.ensure_future(
            shop.request(desk.Write(book="b", line=1, mood="hold"), timeout=30)
        )
        await until(lambda: office.script.held)
        await asyncio.to_thread(node.ctl, "close_all_connections", "a test")
        with pytest.raises(RequestTimeout, match="connection was lost"):
            await asking
        office.script.gate.set()
        await until(lambda: office.numbers("desk", "b") == [1])


async def test_while_the_broker_is_away_nothing_was_done(office: Office, node: RabbitNode) -> None:
    async with office.open() as shop:
        await node.do("stop")
        try:
            with pytest.raises(OwnerAway, match="away"):
                await shop.request(desk.Write(book="b", line=1), timeout=1)
        finally:
            await node.do("start")
    assert office.lines("desk") == []
