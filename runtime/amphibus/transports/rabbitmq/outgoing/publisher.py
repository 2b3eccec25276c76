"""Publishes what the relays hand over, each destination by itself, over one connection."""

import asyncio
import time
from typing import Final

from aiormq import Connection

from amphibus.failpoints import failpoint
from amphibus.transports.rabbitmq.connection import PUBLISH, Broker, BrokerConnection, plain
from amphibus.transports.rabbitmq.declare import Declarer
from amphibus.transports.rabbitmq.liveness import watch
from amphibus.transports.rabbitmq.outgoing.destination import DestinationPublisher
from amphibus.transports.rabbitmq.outgoing.marks import MarkedSenders
from amphibus.transports.rabbitmq.outgoing.parcel import Parcel

_LOOK_SECONDS: Final = 0.5
_FINISH_SECONDS: Final = 1.0


class Publisher:
    """The publishing side of a process. Takes parcels at any time."""

    def __init__(
        self, broker: Broker, declarer: Declarer, senders: MarkedSenders, *, confirm_seconds: float
    ) -> None:
        self.senders = senders
        self._broker = broker
        self._declarer = declarer
        self._confirm_seconds = confirm_seconds
        self._publishers: dict[str, DestinationPublisher] = {}
        self._connection: Connection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._strayed = False
        self.broker_connection = BrokerConnection(
            PUBLISH, broker, plain(PUBLISH, broker, self._serve)
        )

    @property
    def idle(self) -> bool:
        """True if everything is confirmed."""
        return all(publisher.idle for publisher in self._publishers.values())

    def put(self, parcel: Parcel) -> None:
        """Publishes when the broker is there and there is room; `ack` is called once it is confirmed."""
        publisher = self._publishers.get(parcel.target)
        if publisher is None:
            publisher = self._publishers[parcel.target] = DestinationPublisher(
                parcel.target,
                self._broker,
                self._declarer,
                confirm_seconds=self._confirm_seconds,
                put=self.put,
                strayed=self.ask_again,
            )
            self._begin(publisher)
        publisher.put(parcel)

    def ask_again(self) -> None:
        """Has every sender ask its receivers what has arrived, as routes were missing at the broker."""
        self._strayed = True

    async def finish(self) -> None:
        """Waits a moment for what is in flight, so that it need not be published again at the next start."""
        ends = time.monotonic() + _FINISH_SECONDS
        while any(publisher.may_be_confirmed for publisher in self._publishers.values()):
            if time.monotonic() > ends:
                return
            await asyncio.sleep(0.005)

    def _begin(self, publisher: DestinationPublisher) -> None:
        if self._connection is not None:
            self._tasks.add(asyncio.ensure_future(publisher.serve(self._connection)))

    async def _serve(self, connection: Connection) -> None:
        lost = connection.closing
        doubts: asyncio.Task[None] | None = None
        try:
            await self._recognise(connection)
            self._connection = connection
            failpoint("task.publish")
            self._tasks.add(asyncio.ensure_future(watch(connection)))
            for publisher in self._publishers.values():
                self._begin(publisher)
            self.broker_connection.served()
            while not lost.done():
                await asyncio.wait(
                    [lost, *self._tasks],
                    timeout=_LOOK_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in [each for each in self._tasks if each.done()]:
                    self._tasks.discard(task)
                    task.result()  # raises what made an end of it, and the connection with it
                if self._strayed and (doubts is None or doubts.done()):
                    doubts = asyncio.ensure_future(self._recognise(connection))
                    self._tasks.add(doubts)
        finally:
            self._connection = None
            lost.cancel()
            await self._end_tasks()

    async def _recognise(self, connection: Connection) -> None:
        await self._declarer.ensure(connection, time.monotonic())
        strayed, self._strayed = self._strayed, False
        try:
            self._tasks |= await self.senders.recognise(connection, strayed=strayed)
        except BaseException:
            self._strayed |= strayed  # asked on the next connection
            raise

    async def _end_tasks(self) -> None:
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
