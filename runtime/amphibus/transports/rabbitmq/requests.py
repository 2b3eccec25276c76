"""Requests and replies: carried at once, kept by nobody.

Replies come over an exchange of the module that asks, to a queue of this connection alone. RabbitMQ's
own direct reply-to would need the right to write to the default exchange, and with it to any queue.
"""

import asyncio
import contextlib
import time
import uuid
from functools import partial

from aiormq import Connection
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from aiormq.exceptions import PublishError

from amphibus.errors import OwnerAway, RequestTimeout
from amphibus.failpoints import failpoint
from amphibus.messages.envelope import Envelope, Reply
from amphibus.transport import Inbound, OnReply
from amphibus.transports.rabbitmq.connection import (
    LOST,
    Broker,
    BrokerConnection,
    channel_of,
    plain,
)
from amphibus.transports.rabbitmq.declare import Declarer
from amphibus.transports.rabbitmq.frames import Address
from amphibus.transports.rabbitmq.incoming.nets import Nets
from amphibus.transports.rabbitmq.liveness import watched
from amphibus.transports.rabbitmq.names import Names
from amphibus.transports.rabbitmq.properties import (
    of_delivery,
    properties_of,
    properties_of_reply,
    reply_of,
)
from amphibus.transports.rabbitmq.publish_channel import PublishChannel
from amphibus.transports.rabbitmq.pulse import pulse
from amphibus.transports.rabbitmq.signatures.signing import Signer

_PART = "requests"
_ANSWER_SECONDS = 5.0
_LOOK_SECONDS = 2.0


class BrokerRequests:
    """Asks and answers for the modules of this process; empties the net for what the broker gave up.

    Requests go to a queue of their own, which is there as long as somebody listens: a request that
    comes back says so at once. So they are not built on `deliver`.
    """

    def __init__(
        self, names: Names, broker: Broker, declarer: Declarer, *, signer: Signer | None = None
    ) -> None:
        self._names = names
        self._signer = signer
        self._broker = broker
        self._declarer = declarer
        self._asking: PublishChannel | None = None
        self._replying: PublishChannel | None = None
        """Without confirms: nobody acts on what became of a reply."""
        self._pending: dict[str, asyncio.Future[Reply]] = {}
        self._expected: dict[str, OnReply] = {}
        self.nets = Nets(names, broker)
        self._instance = ""
        self.home = ""
        """The module whose exchange the replies to this process come by."""
        self.address = ""
        """Where replies reach this process now: module and queue."""
        self.broker_connection = BrokerConnection(_PART, broker, plain(_PART, broker, self._serve))

    def attach(self, module: str, inbound: Inbound) -> None:
        """Its queue for requests is consumed with its partitions, and its `InboundQueue` carries replies back."""

    async def detach(self, module: str) -> None:
        """Its queue for requests goes with its partitions."""

    async def request(self, destination: str, envelope: Envelope, timeout: float) -> Reply:  # noqa: ASYNC109
        """Asks a module.

        Raises:
            OwnerAway: nobody listens; it was not done.
            RequestTimeout: no reply in time, or the connection was lost; it may have been done.
        """
        asking = self._asking
        if asking is None:
            raise OwnerAway(
                "the broker is away",
                f"{envelope.type} could not be asked; it was not done",
                "ask again when it is back",
            )
        correlation = uuid.uuid4().hex
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending[correlation] = future
        properties = properties_of(
            envelope,
            user=self._broker.user,
            reply_to=self.address,
            correlation=correlation,
            signer=self._signer,
        )
        # This id tells returned messages apart; one request id may be asked twice at once.
        properties.message_id = correlation
        properties.delivery_mode = 1
        properties.expiration = str(max(1, int(timeout * 1000)))
        to = Address(self._names.commands(destination), self._names.key_of_request(envelope.type))
        try:
            async with asyncio.timeout(timeout):
                asking.put(to, envelope.body, properties, partial(_tell, future))
                return await future
        except PublishError:
            raise OwnerAway(
                f"module {destination} is not there",
                f"nobody handles {envelope.type} at the moment; it was not done",
                f"amphibus run --mode=distributed --module={destination}",
            ) from None
        except LOST as error:
            raise _unknown(envelope, destination, error, timeout) from None
        finally:
            del self._pending[correlation]

    def expect_reply(self, message_id: str, on_reply: OnReply | None) -> None:
        """Calls `on_reply` with the reply to a kept message; None stops that."""
        if on_reply is None:
            self._expected.pop(message_id, None)
        else:
            self._expected[message_id] = on_reply

    def expects(self, message_id: str) -> bool:
        """Returns whether somebody here waits for the reply to a kept message."""
        return message_id in self._expected

    def send(self, address: str, correlation: str, reply: Reply) -> None:
        """Sends a reply to the asking process, which may be gone."""
        module, _, queue = address.partition("/")
        if self._replying is None or module not in self._names.topology.modules:
            return
        to = Address(self._names.replies(module), queue, mandatory=False)
        properties = properties_of_reply(reply, correlation=correlation)
        # The asking process gets a timeout, which says that it may have been done.
        with contextlib.suppress(ValueError, *LOST):
            self._replying.put(to, reply.body, properties)

    async def nets_empty(self) -> bool:
        """Returns whether nothing that the broker gave up waits to be taken by the modules here."""
        return await self.nets.empty() and self._asking is not None

    async def _serve(self, connection: Connection) -> None:
        failpoint("task.request")
        await self._declarer.ensure(connection, time.monotonic())
        channel = await channel_of(connection)
        replying = await channel_of(connection, confirms=False)
        self.address = await self._listen(channel)
        self.nets.forget()
        await self.nets.open(connection)
        self._asking, self._replying = PublishChannel(channel), PublishChannel(replying)
        self.broker_connection.served()
        try:
            async with (
                pulse(connection, self._broker.silent),
                watched(connection, self._bind) as silent,
            ):
                while channel.consumers and not await _lost(silent, replying, connection, channel):
                    if replying.is_closed:  # by one reply: where it goes, its asker has said
                        replying = await channel_of(connection, confirms=False)
                        self._replying = PublishChannel(replying)
                    await self.nets.open(connection)
        finally:
            for publish_channel in (self._asking, self._replying):
                publish_channel.close()
            self._asking = self._replying = None
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(ConnectionError("the connection was lost"))

    async def _listen(self, channel: Channel) -> str:
        """Begins to take replies; returns the address at which they reach this process."""
        self._instance = uuid.uuid4().hex
        async with asyncio.timeout(_ANSWER_SECONDS):
            await channel.queue_declare(self._queue, exclusive=True, auto_delete=True)
            await self._bind(channel)
            await channel.basic_consume(self._queue, self._arrived, no_ack=True)
        return f"{self.home}/{self._instance}"

    @property
    def _queue(self) -> str:
        return f"{self._names.replies(self.home)}.{self._instance}"

    async def _bind(self, channel: Channel) -> None:
        """Binds the queue of replies, again too: the exchange may have been deleted, and be there without it."""
        await channel.queue_bind(self._queue, self._names.replies(self.home), self._instance)

    async def _arrived(self, message: DeliveredMessage) -> None:
        arrival = of_delivery(message)
        future = self._pending.get(arrival.correlation)
        if future is not None:
            if not future.done():
                future.set_result(reply_of(arrival))
            return
        on_reply = self._expected.pop(arrival.correlation, None)
        if on_reply is not None:
            on_reply(reply_of(arrival))


async def _lost(
    silent: "asyncio.Future[None]", spare: Channel, *some: Connection | Channel
) -> bool:
    """Returns whether one of some is lost; False after a while if none is, or once the spare one is.

    Raises:
        AMQPError, OSError: the broker answers no more.
    """
    gone, looked_at = [each.closing for each in some], spare.closing
    try:
        await asyncio.wait(
            (silent, *gone, looked_at), timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if silent.done():
            silent.result()
        return any(each.done() for each in gone)
    finally:
        for each in (*gone, looked_at):
            each.cancel()  # the library keeps it as long as the connection lives


def _tell(future: "asyncio.Future[Reply]", error: BaseException | None) -> None:
    """Sets the result of a request, unless its reply came before."""
    if error is not None and not future.done():
        future.set_exception(error)


def _unknown(
    envelope: Envelope, owner: str, error: BaseException, seconds: float
) -> RequestTimeout:
    if isinstance(error, TimeoutError):
        return RequestTimeout(
            f"{envelope.type} was not answered within {seconds:g} s",
            f"module {owner} may still be working on it: it may have been done",
            "ask again with the same id: it is done once",
        )
    return RequestTimeout(
        f"the connection was lost before {envelope.type} was answered",
        f"module {owner} may have it: it may have been done",
        "ask again with the same id: it is done once",
    )
