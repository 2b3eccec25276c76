"""Deliveries are handed over in order, and the broker is never told of one that is not safe."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from aiormq.channel import Channel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amphibus.transport import Ack
from amphibus.transports.rabbitmq.incoming.ack_window import AckWindow
from amphibus.transports.rabbitmq.incoming.queue_consumer import prefetch_within
from amphibus.transports.rabbitmq.properties import Arrival


class StrictChannel:
    """Keeps the account of one channel as a broker does: an acknowledgement of what is not open is an error."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.acknowledgements = 0
        self.is_closed = False

    async def basic_ack(self, tag: int, multiple: bool = False, wait: bool = True) -> None:
        assert tag in self.open, "PRECONDITION_FAILED - unknown delivery tag"
        assert not wait
        self.acknowledgements += 1
        self.open = [each for each in self.open if (each > tag if multiple else each != tag)]

    async def basic_reject(self, tag: int, *, requeue: bool, wait: bool) -> None:
        assert not requeue
        assert not wait
        await self.basic_ack(tag, wait=False)


class Module:
    """Takes what is handed over and says later that it is safe."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.ack: dict[str, Ack] = {}

    def take(self, arrival: Arrival, ack: Ack) -> None:
        self.taken.append(arrival.message_id)
        self.ack[arrival.message_id] = ack


def arrival(tag: int) -> Arrival:
    return Arrival(b"", {}, str(tag), "", "", "", "", "")


def made() -> tuple[AckWindow, StrictChannel, Module]:
    channel, module = StrictChannel(), Module()
    return AckWindow(cast(Channel, channel), module.take), channel, module


async def until(fact: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not fact():
            await asyncio.sleep(0.001)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_order_they_come_and_end_in(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 80))
    coming = _nearly_sorted(data.draw, count)
    ending = data.draw(st.permutations(range(1, count + 1)))
    pauses = data.draw(st.sets(st.integers(0, count)))

    async def story() -> None:
        window, channel, module = made()
        for tag in coming:
            channel.open = sorted([*channel.open, tag])
            window.arrived(tag, arrival(tag))
        assert module.taken == [str(tag) for tag in range(1, count + 1)]
        unsafe = set(range(1, count + 1))
        for place, tag in enumerate(ending):
            unsafe.discard(tag)
            module.ack[str(tag)]()
            if place in pauses:
                await until(lambda: not (window._timer or window._task))
            assert unsafe <= set(channel.open)
        async with asyncio.timeout(30):
            await window.drain()
        assert channel.open == []

    asyncio.run(story())


@pytest.mark.asyncio
async def test_one_acknowledgement_speaks_for_many() -> None:
    window, channel, module = made()
    for tag in range(1, 101):
        channel.open.append(tag)
        window.arrived(tag, arrival(tag))
    for ack in module.ack.values():
        ack()
    await window.drain()

    assert channel.open == []
    assert channel.acknowledgements <= 5


@pytest.mark.asyncio
async def test_a_slow_one_holds_up_no_acknowledgement_of_others() -> None:
    window, channel, module = made()
    for tag in range(1, 41):
        channel.open.append(tag)
        window.arrived(tag, arrival(tag))
    for tag in range(2, 41):
        module.ack[str(tag)]()
    await until(lambda: channel.open == [1])

    assert not window.idle
    module.ack["1"]()
    await window.drain()
    assert channel.open == []


@pytest.mark.asyncio
async def test_one_that_never_reaches_us_is_left_to_the_brokers_net() -> None:
    """The library may drop what it cannot read; what comes behind it goes on after a moment."""
    window, channel, module = made()
    channel.open = [1, 2, 3]
    window.arrived(1, arrival(1))
    window.arrived(3, arrival(3))
    await until(lambda: module.taken == ["1", "3"])
    for ack in module.ack.values():
        ack()
    await window.drain()

    assert channel.open == []


@pytest.mark.asyncio
async def test_what_comes_after_the_end_is_left_as_it_is() -> None:
    """Whoever consumes the queue next gets it, so it is neither taken nor thrown away."""
    window, channel, module = made()
    channel.open = [1, 2, 3]
    window.arrived(1, arrival(1))
    window.arrived(3, arrival(3))
    window.shut()
    window.arrived(2, arrival(2))
    window._miss(3)
    module.ack["1"]()
    await window.drain()
    await asyncio.gather(*window._rejections)

    assert module.taken == ["1"]
    assert channel.open == [2, 3]


def _nearly_sorted(draw: Any, count: int) -> list[int]:
    """As tasks may overtake each other: by a few places."""
    places = [n + draw(st.floats(0, 3)) for n in range(count)]
    return [n + 1 for n in sorted(range(count), key=places.__getitem__)]


@pytest.mark.parametrize(
    ("wanted", "body_limit", "prefetch"),
    [(100, 4_194_304, 100), (100, 67_108_864, 8), (1, 4_194_304, 1), (100, 2**31, 1)],
)
def test_the_largest_bodies_of_a_partition_have_an_end(
    wanted: int, body_limit: int, prefetch: int
) -> None:
    assert prefetch_within(wanted, body_limit) == prefetch
