"""Publishes to one destination, or to several at once, and waits for the publisher confirm of each message.

It has a channel and a window of its own: a broker reads nothing more from a channel, for a minute or
longer, once a queue on it has no leader. A message that the broker neither confirmed nor refused is
published again, with the same id, on another channel; the receiver's inbox absorbs the repetition.
Nothing is dropped here, and nothing needs to be kept: what is not safe is still in its outbox.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import structlog
from aiormq import Connection
from aiormq.exceptions import DeliveryError, PublishError

from amphibus.telemetry.privacy import describe
from amphibus.transports.rabbitmq.connection import LOST, PUBLISH, Broker, channel_of, within
from amphibus.transports.rabbitmq.declare import Declarer
from amphibus.transports.rabbitmq.liveness import blocked
from amphibus.transports.rabbitmq.outgoing.parcel import Parcel
from amphibus.transports.rabbitmq.outgoing.renewal import Renewal
from amphibus.transports.rabbitmq.outgoing.strays import Strays
from amphibus.transports.rabbitmq.publish_channel import PublishChannel

_log: Any = structlog.get_logger()
_MOST_IN_FLIGHT: Final = 256
"""Fewer than the 400 that a broker takes from a connection for a channel that is stuck."""
_MOST_BYTES: Final = 16_777_216
_LATE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.5


class DestinationPublisher:
    """Publishes to a destination by a window of its own. Takes parcels at any time.

    Bounded in messages and in bytes; what was refused is not in flight while it waits for its next try.
    """

    def __init__(
        self,
        name: str,
        broker: Broker,
        declarer: Declarer,
        *,
        confirm_seconds: float,
        put: Callable[[Parcel], None],
        strayed: Callable[[], None],
    ) -> None:
        self._part = f"{PUBLISH} to {name}"
        self._broker = broker
        self._declarer = declarer
        self._confirm_seconds = confirm_seconds
        self._put = put
        """Takes parcels for other destinations."""
        self._strays = Strays(strayed)
        self._waiting: deque[Parcel] = deque()
        self._in_flight: dict[str, Parcel] = {}
        self._bytes_in_flight = 0
        self._paused = 0
        self._limit = 1
        self._answered = 0.0
        """When the broker last said what became of a message."""
        self._torn = False
        """One of several destinations does not answer: each gets its messages by itself."""
        self._publish_channel: PublishChannel | None = None
        self._broken = asyncio.Event()
        self._renewal = Renewal()

    @property
    def idle(self) -> bool:
        """True if everything is confirmed."""
        return not (self._waiting or self._in_flight or self._paused)

    @property
    def may_be_confirmed(self) -> bool:
        """True if it makes sense to wait for what is in flight."""
        return bool(self._publish_channel and self._in_flight) and not self._broken.is_set()

    def put(self, parcel: Parcel) -> None:
        """Publishes when the broker is there and has room; calls `ack` once the message is confirmed."""
        self._waiting.append(parcel)
        self._pump()

    async def serve(self, connection: Connection) -> None:
        """Works on a connection until that is closed.

        Raises:
            AMQPError, OSError, TimeoutError: it is of no more use.
        """
        try:
            while not connection.is_closed:
                self._publish_channel = PublishChannel(await channel_of(connection))
                # One at first: a message that breaks channels is found by being alone on one.
                self._limit = 1
                self._torn = False
                self._broken.clear()
                self._renewal.opened()
                self._pump()
                await self._watch(connection, self._publish_channel.channel.closing)
                await self._end_channel()
                if not self._renewal.due:
                    await self._declarer.ensure(connection, time.monotonic())
        finally:
            await self._end_channel()

    async def _watch(self, connection: Connection, closing: "asyncio.Future[Any]") -> None:
        """Returns when the channel is of no more use."""
        closing.add_done_callback(self._closed)
        lost = connection.closing
        broken = asyncio.ensure_future(self._broken.wait())
        try:
            while not (lost.done() or broken.done()):
                await asyncio.wait(
                    [lost, broken], timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                now = time.monotonic()
                if not (lost.done() or broken.done()) and self._strays.look_is_due(now):
                    await self._declarer.ensure(connection, now)
                self._pass_late()
                if self._renewal.due and self._silence() >= _LATE_SECONDS:
                    return
                if self._silence() < self._confirm_seconds:
                    continue
                if not await blocked(connection):
                    self._broker.lack(self._part, f"no confirm within {self._confirm_seconds:g} s")
                    return
                self._broker.lack(self._part, "it takes no messages: its memory or disk runs short")
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

    def _pass_late(self) -> None:
        """Takes apart what goes to several and is not answered: one queue is why, the others need not wait."""
        oldest = next(iter(self._in_flight.values()), None)
        if oldest is None or oldest.apart is None or self._silence() < _LATE_SECONDS:
            return
        self._torn = True
        late = list(self._in_flight.values())
        for parcel in late:
            self._left(parcel)
            self._part_ways(parcel)
        self._pump()

    def _part_ways(self, parcel: Parcel) -> None:
        if parcel.apart is not None and not parcel.handover.recalled:
            for each in parcel.apart():
                self._put(each)

    async def _end_channel(self) -> None:
        """Ends the channel: all in flight on it is unknown and waits again, in its old order."""
        publish_channel, self._publish_channel = self._publish_channel, None
        if publish_channel is not None:
            publish_channel.close()
            if not publish_channel.channel.is_closed:
                await within(1.0, publish_channel.channel.close())
        alone = len(self._in_flight) == 1
        for parcel in reversed(list(self._in_flight.values())):
            self._left(parcel)
            if alone:
                self._later(parcel)
            else:
                self._waiting.appendleft(parcel)

    def _pump(self) -> None:
        publish_channel = self._publish_channel
        if publish_channel is None or self._broken.is_set():
            return
        if self._renewal.due:
            if not self._in_flight:
                self._broken.set()
            return
        for _ in range(len(self._waiting)):
            if not (self._torn or self._has_room):
                return
            parcel = self._waiting.popleft()
            if parcel.handover.recalled:
                self._forgotten()
                continue
            if self._torn:
                self._part_ways(parcel)
            elif parcel.id in self._in_flight:
                self._waiting.append(parcel)
            else:
                self._publish(publish_channel, parcel)
            if self._broken.is_set():
                return

    def _forgotten(self) -> None:
        """Lacks nothing any more once all that was not taken has gone another way; it is tried again later."""
        if self.idle:
            self._broker.has(self._part)

    @property
    def _has_room(self) -> bool:
        return len(self._in_flight) < self._limit and self._bytes_in_flight < _MOST_BYTES

    def _publish(self, publish_channel: PublishChannel, parcel: Parcel) -> None:
        parcel.sent = time.monotonic()
        self._in_flight[parcel.id] = parcel
        self._bytes_in_flight += len(parcel.body)
        on_confirm = partial(self._notified, publish_channel, parcel)
        try:
            publish_channel.put(parcel.to, parcel.body, parcel.properties, on_confirm)
        except LOST as error:
            self._unknown(error)
        except ValueError as error:  # a text of it is too long for AMQP; the others go on
            _log.warning("broker.refused", host=self._broker.host, error=describe(error))
            self._left(parcel)
            self._later(parcel)

    def _left(self, parcel: Parcel) -> bool:
        """It is in flight no more; False if it was not."""
        if self._in_flight.get(parcel.id) is not parcel:
            return False
        del self._in_flight[parcel.id]
        self._bytes_in_flight -= len(parcel.body)
        return True

    def _notified(
        self, publish_channel: PublishChannel, parcel: Parcel, error: BaseException | None
    ) -> None:
        if publish_channel is not self._publish_channel:
            return  # it was given up, and what was on it is published again
        self._torn = False
        match error:
            case None:
                self._confirmed(parcel)
            case PublishError():
                self._returned(parcel)
            case DeliveryError():
                self._refused(parcel)
            case _:
                self._unknown(error)

    def _confirmed(self, parcel: Parcel) -> None:
        self._answered = time.monotonic()
        if not self._left(parcel):
            return
        self._limit = min(self._limit * 2, _MOST_IN_FLIGHT)
        self._strays.confirmed(parcel.to.exchange)
        self._broker.has(self._part)
        parcel.ack()
        self._pump()

    def _refused(self, parcel: Parcel) -> None:
        """A queue is full: its module is slow or away. It comes again; others who hear it need not wait."""
        self._renewal.refused()
        if parcel.apart is None:
            self._give_up(parcel)
        elif self._left(parcel):
            self._answered = time.monotonic()
            self._part_ways(parcel)
            self._pump()

    def _returned(self, parcel: Parcel) -> None:
        self._strays.returned(parcel.to.exchange, parcel.to.key, time.monotonic())
        self._give_up(parcel)

    def _unknown(self, error: BaseException | None) -> None:
        """Queues the messages on the channel again: the broker may have them or not."""
        if error is not None and not self._broken.is_set():
            _log.warning("broker.refused", host=self._broker.host, error=describe(error))
            self._strays.refused(error)
        self._broken.set()

    def _give_up(self, parcel: Parcel) -> None:
        self._answered = time.monotonic()
        if self._left(parcel):
            self._later(parcel)
            self._pump()

    def _later(self, parcel: Parcel) -> None:
        if self._renewal.due:
            self._waiting.append(parcel)
            return
        self._paused += 1
        asyncio.get_running_loop().call_later(parcel.pause, self._again, parcel)
        parcel.lengthen_pause()

    def _again(self, parcel: Parcel) -> None:
        self._paused -= 1
        self.put(parcel)
