"""Publishes the relays' messages and waits for the publisher confirm of each.

A message that the broker neither confirmed nor refused is published again, with the same id, on
another channel; the receiver's inbox absorbs the repetition. The publisher drops nothing and keeps
nothing: a message without its confirm is still in its outbox.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from aiormq import Connection
from aiormq.exceptions import DeliveryError, PublishError

from amphibus.failpoints import failpoint
from amphibus.telemetry.privacy import describe
from amphibus.transports.rabbitmq.connection import (
    LOST,
    Broker,
    BrokerConnection,
    channel_of,
    plain,
    within,
)
from amphibus.transports.rabbitmq.declare import Declarer
from amphibus.transports.rabbitmq.frames import Address, Properties
from amphibus.transports.rabbitmq.publish_channel import PublishChannel

_log: Any = structlog.get_logger()
_MOST_IN_FLIGHT = 256
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_LOOK_SECONDS = 0.5
_FINISH_SECONDS = 1.0
_PART = "publish"


@dataclass(slots=True, eq=False)
class Parcel:
    """A message to be published."""

    to: Address
    body: bytes
    properties: Properties
    ack: Callable[[], None]
    sent: float = 0.0
    pause: float = field(default=_FIRST_PAUSE)

    @property
    def id(self) -> str:
        """The broker's answers are told apart by it, so an id is in flight once at most on one channel."""
        return self.properties.message_id or ""


class Publisher:
    """The publishing side of a process. Takes parcels at any time."""

    def __init__(self, broker: Broker, declarer: Declarer, *, confirm_seconds: float) -> None:
        self._broker = broker
        self._declarer = declarer
        self._confirm_seconds = confirm_seconds
        self._waiting: deque[Parcel] = deque()
        self._in_flight: dict[str, Parcel] = {}
        self._paused = 0
        self._limit = 1
        self._answered = 0.0
        """When the broker last said what became of a message."""
        self._publish_channel: PublishChannel | None = None
        self._broken = asyncio.Event()
        self._unroutable: set[str] = set()
        """Exchanges of which a message came back."""
        self.broker_connection = BrokerConnection(_PART, broker, plain(_PART, broker, self._serve))

    @property
    def idle(self) -> bool:
        """True if everything is confirmed."""
        return not (self._waiting or self._in_flight or self._paused)

    def put(self, parcel: Parcel) -> None:
        """Publishes when the broker is there and has room; calls `ack` once the message is confirmed."""
        self._waiting.append(parcel)
        self._pump()

    async def finish(self) -> None:
        """Waits a moment for messages in flight, so that they need not be published again at the next start."""
        if self._publish_channel is not None and not self._broken.is_set():
            ends = time.monotonic() + _FINISH_SECONDS
            while self._in_flight and time.monotonic() < ends:
                await asyncio.sleep(0.005)

    async def _serve(self, connection: Connection) -> None:
        since = time.monotonic()
        try:
            failpoint("task.publish")
            while not connection.is_closed:
                await self._declarer.ensure(connection, since)
                publish_channel = self._publish_channel = PublishChannel(
                    await channel_of(connection)
                )
                self.broker_connection.served()
                # One at first: a message that breaks channels shows itself when it is alone on one.
                self._limit = 1
                self._broken.clear()
                self._pump()
                await self._watch(connection, publish_channel.channel.closing)
                await self._end_channel()
        finally:
            await self._end_channel()

    async def _watch(self, connection: Connection, closing: "asyncio.Future[Any]") -> None:
        """Returns when the channel is of no more use."""
        closing.add_done_callback(self._closed)
        lost = asyncio.ensure_future(asyncio.wait([connection.closing]))
        broken = asyncio.ensure_future(self._broken.wait())
        try:
            while not (lost.done() or broken.done()):
                await asyncio.wait(
                    [lost, broken], timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                if self._unroutable and not (lost.done() or broken.done()):
                    await self._declarer.ensure(connection, time.monotonic())
                if self._silence() < self._confirm_seconds:
                    continue
                if not await _blocked(connection):
                    self._broker.lack(_PART, f"no confirm within {self._confirm_seconds:g} s")
                    return
                self._broker.lack(_PART, "it takes no messages: its memory or disk runs short")
        finally:
            closing.remove_done_callback(self._closed)
            lost.cancel()
            broken.cancel()

    def _closed(self, closing: "asyncio.Future[Any]") -> None:
        """Handles a closed channel, perhaps because of a message on it."""
        self._unknown(None if closing.cancelled() else closing.exception())

    def _silence(self) -> float:
        """Returns the seconds that messages have been in flight without any answer.

        One queue that answers late, e.g. without a majority of its nodes, is no reason to start all over.
        """
        for parcel in self._in_flight.values():
            return time.monotonic() - max(parcel.sent, self._answered)
        return 0.0

    async def _end_channel(self) -> None:
        """Ends the channel: all in flight on it is unknown and waits again, in its old order."""
        publish_channel, self._publish_channel = self._publish_channel, None
        if publish_channel is not None:
            publish_channel.close()
            if not publish_channel.channel.is_closed:
                await within(1.0, publish_channel.channel.close())
        alone = len(self._in_flight) == 1
        for parcel in reversed(list(self._in_flight.values())):
            del self._in_flight[parcel.id]
            if alone:
                self._later(parcel)
            else:
                self._waiting.appendleft(parcel)

    def _pump(self) -> None:
        publish_channel = self._publish_channel
        if publish_channel is None or self._broken.is_set():
            return
        for _ in range(len(self._waiting)):
            if len(self._in_flight) >= self._limit:
                return
            parcel = self._waiting.popleft()
            if parcel.id in self._in_flight:
                self._waiting.append(parcel)
                continue
            self._publish(publish_channel, parcel)
            if self._broken.is_set():
                return

    def _publish(self, publish_channel: PublishChannel, parcel: Parcel) -> None:
        parcel.sent = time.monotonic()
        self._in_flight[parcel.id] = parcel
        on_confirm = partial(self._notified, publish_channel, parcel)
        try:
            publish_channel.put(parcel.to, parcel.body, parcel.properties, on_confirm)
        except LOST as error:
            self._unknown(error)
        except ValueError as error:  # a text of it is too long for AMQP; the others go on
            _log.warning("broker.refused", host=self._broker.host, error=describe(error))
            del self._in_flight[parcel.id]
            self._later(parcel)

    def _notified(
        self, publish_channel: PublishChannel, parcel: Parcel, error: BaseException | None
    ) -> None:
        if publish_channel is not self._publish_channel:
            return  # the channel was given up, and its messages are published again
        match error:
            case None:
                self._confirmed(parcel)
            case PublishError():
                self._returned(parcel)
            case DeliveryError():
                # Backpressure: a queue is full, since its module is slow or away. We publish the message again.
                self._give_up(parcel)
            case _:
                self._unknown(error)

    def _confirmed(self, parcel: Parcel) -> None:
        self._answered = time.monotonic()
        if self._in_flight.pop(parcel.id, None) is None:
            return
        self._limit = min(self._limit * 2, _MOST_IN_FLIGHT)
        self._unroutable.discard(parcel.to.exchange)
        self._broker.has(_PART)
        parcel.ack()
        self._pump()

    def _returned(self, parcel: Parcel) -> None:
        exchange, key = parcel.to.exchange, parcel.to.key
        if exchange not in self._unroutable:
            self._unroutable.add(exchange)
            _log.warning("broker.returned", queue=f"{exchange} {key}")
        self._give_up(parcel)

    def _unknown(self, error: BaseException | None) -> None:
        """Queues the messages on the channel again: the broker may have them or not."""
        if error is not None and not self._broken.is_set():
            _log.warning("broker.refused", host=self._broker.host, error=describe(error))
        self._broken.set()

    def _give_up(self, parcel: Parcel) -> None:
        self._answered = time.monotonic()
        self._in_flight.pop(parcel.id, None)
        self._later(parcel)
        self._pump()

    def _later(self, parcel: Parcel) -> None:
        self._paused += 1
        asyncio.get_running_loop().call_later(parcel.pause, self._again, parcel)
        parcel.pause = min(parcel.pause * 2, _LONGEST_PAUSE)

    def _again(self, parcel: Parcel) -> None:
        self._paused -= 1
        self.put(parcel)


async def _blocked(connection: Connection) -> bool:
    """Returns whether the broker takes nothing for now, by its own word."""
    try:
        async with asyncio.timeout(0.01):
            await connection.ready()
    except TimeoutError:
        return True
    return False
