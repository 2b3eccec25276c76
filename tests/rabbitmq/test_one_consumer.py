"""A queue passes on to the next consumer only with all that the one before has not acknowledged, in order.

RabbitMQ passes it on when its consumer is cancelled, and gives back what that one had when its channel closes.
An instance that stood still may not know yet that another waits.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiormq.abc import AbstractChannel, DeliveredMessage

from amphibus.partitions.assignment import partition_of
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import PARTITIONS, Office, until
from amphibus.transports.rabbitmq.names import Names

pytestmark = pytest.mark.asyncio
_LINES = 8
_PREFETCH = 8
_BOOK = "held"
_OTHER = next(
    book
    for book in "abcdefgh"
    if partition_of(book, "", PARTITIONS) == partition_of(_BOOK, "", PARTITIONS)
)


@asynccontextmanager
async def _waiting(stranger: AbstractChannel, names: Names) -> AsyncIterator[list[int]]:
    """Another instance that waits for the partition of the book; yields the lines that it gets, in order."""
    got: list[int] = []

    async def arrived(message: DeliveredMessage) -> None:
        got.append(desk.Write.model_validate_json(message.body).line)

    queue = names.partition_queue("desk", partition_of(_BOOK, "", PARTITIONS))
    await stranger.basic_consume(queue, arrived)
    yield got


def _first(shop: Any) -> Any:
    """The consumer of the book's partition."""
    transport = shop.host.transport
    queue = transport._names.partition_queue("desk", partition_of(_BOOK, "", PARTITIONS))
    return transport._consumer._queue_consumers[queue]


def _pending(shop: Any) -> int:
    """The number of messages of the book's partition that came and are not handled; 0 while nothing consumes it."""
    try:
        return int(_first(shop).window.pending)
    except KeyError:
        return 0


async def _hold(shop: Any, office: Office, lines: int) -> None:
    """Has the first line of the book held while it is handled, and later ones come."""
    await shop.send(desk.Write(book=_BOOK, line=0, mood="hold"))
    await until(lambda: office.script.held)
    await shop.send(*[desk.Write(book=_BOOK, line=line) for line in range(1, lines)])


@pytest.mark.parametrize("how", ["it stops", "it gives partitions away"])
async def test_later_messages_do_not_overtake_those_of_one_that(
    office: Office, names: Names, channel: Any, how: str
) -> None:
    async with office.open() as shop, channel() as stranger:
        await _hold(shop, office, _LINES)
        await until(lambda: _pending(shop) == _LINES)
        async with _waiting(stranger, names) as got:
            transport = shop.host.transport
            if how == "it stops":
                leaving = asyncio.ensure_future(transport.detach("desk"))
                await leaving
            else:
                leaving = asyncio.ensure_future(
                    transport.revoke("desk", frozenset(range(PARTITIONS)))
                )
                await until(lambda: _first(shop).window.is_shut)
            await shop.send(desk.Write(book=_BOOK, line=_LINES))
            await until(lambda: office.count("gateway", "amphibus_delivery") == 0)
            await stranger.basic_qos(prefetch_count=0)  # whatever was sent to it before has come
            assert got == []

            await _first(shop).channel.close()
            await until(lambda: len(got) == _LINES + 1)
            assert got == list(range(_LINES + 1))
            leaving.cancel()
            office.script.gate.set()


async def test_a_later_message_is_not_taken_by_one_that_ends(office: Office) -> None:
    """Else its next owner could be at work on a message that is under way here."""
    async with office.open() as shop:
        first = _first(shop)
        await shop.host.transport.detach("desk")
        await shop.send(desk.Write(book=_BOOK, line=1))
        await until(lambda: office.count("gateway", "amphibus_delivery") == 0)
        await first.window.channel.basic_qos(prefetch_count=1)  # what was sent before has come

        assert first.window.received == 0
        assert first.window.idle
        assert shop.host.modules["desk"].receiver.in_flight == 0


async def test_a_backlog_of_one_key_does_not_hold_up_the_others(office: Office) -> None:
    """The prefetch is full of it: a wider one takes over, and every order stays."""
    lines = 3 * _PREFETCH
    async with office.open(window=_PREFETCH * PARTITIONS) as shop:
        await _hold(shop, office, lines)
        await shop.send(desk.Write(book=_OTHER, line=1))
        await until(lambda: _pending(shop) == lines + 1)
        office.script.gate.set()
        await shop.settle()

    assert office.numbers("desk", _OTHER) == [1]
    assert office.numbers("desk", _BOOK) == list(range(lines))
    assert office.numbers("readers", _BOOK) == list(range(lines))


async def test_later_messages_do_not_overtake_when_a_wider_prefetch_takes_over(
    office: Office, names: Names, channel: Any
) -> None:
    lines = 3 * _PREFETCH
    async with office.open(window=_PREFETCH * PARTITIONS) as shop, channel() as stranger:
        await _hold(shop, office, _PREFETCH)
        async with _waiting(stranger, names) as got:
            await shop.send(
                *[desk.Write(book=_BOOK, line=line) for line in range(_PREFETCH, lines)]
            )
            await until(lambda: len(got) == lines)
            assert got == list(range(lines))
        office.script.gate.set()
