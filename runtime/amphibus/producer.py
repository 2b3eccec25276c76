"""Sends commands to the modules from a program outside, over their broker.

async with Producer("amqp://…", source="loader") as producer:
    await producer.send(orders.PlaceOrder(...))
    await producer.send_all(read_orders(), on_sent=lambda message_id: ...)

It needs the contracts and `amphibus[producer]`, and nothing that runs modules.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self, cast
from weakref import WeakValueDictionary

from amphibus.access.outside_message import BODY_LIMIT_BYTES, OutsideSender
from amphibus.contract import Command
from amphibus.errors import AmphibusError, RequestTimeout
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import derived_id
from amphibus.transports.rabbitmq.client import BrokerClient, OutgoingMessage
from amphibus.transports.rabbitmq.names import Names
from amphibus.transports.rabbitmq.properties import properties_of
from amphibus.transports.rabbitmq.signatures.signing import Signer

ProducerMessage = Command[Any] | tuple[str, Command[Any]]
"""A command, with an id of your own or without."""


class Producer:
    """A sender outside the modules. Any number of tasks may send at once.

    A sent command has its publisher confirm: it lies in its receiver's durable queue, whether that runs or
    not. The same id takes effect once, so a killed program may send everything again. Commands of one key
    are handled in the order in which they were sent. While the broker is away, sending waits.
    """

    def __init__(
        self,
        url: str,
        *,
        source: str,
        app: str = "shop",
        env: str = "dev",
        partitions: int = 8,
        window: int = 256,
        patience_seconds: float = 60.0,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
        tls: ssl.SSLContext | None = None,
        private_key: Path | None = None,
    ) -> None:
        """Configures the producer; it connects to nothing yet.

        Args:
            url: `amqp://guest:guest@localhost:5672/vhost`, or `amqps://`; more hosts after commas.
            source: the sender's name. An id is unique within it, so it stays the same from run to run.
            app: name of the modules' system, as in their configuration.
            env: name of its environment.
            partitions: as in their configuration, 8 if it says nothing.
            window: most commands under way at once.
            patience_seconds: how long one command may take, a broker that is away included.
            body_limit_bytes: largest command that receivers take.
            tls: what an `amqps://` broker's certificate is checked with.
            private_key: file of the key that signs what is sent, where receivers ask for signatures.

        Raises:
            ConfigError: the address or the key cannot be used, or the source is no name.
        """
        self._outside = OutsideSender(source, body_limit_bytes)
        self.source = source
        self._signer = _signer(source, private_key)
        self._sender = BrokerClient(url, tls=tls)
        # Names needs a topology only to declare, and a producer declares nothing.
        self._names = Names(app, env, partitions, cast(Any, None))
        self._window = window
        self._patience = patience_seconds
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """Of each id and key under way."""

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(self._patience):
                await self._sender.open()
        except TimeoutError:
            raise RequestTimeout(
                f"no broker within {self._patience:g} s",
                "nothing was sent",
                "start it, or correct its address",
            ) from None
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection. The fate of what was not confirmed stays unknown."""
        await self._sender.close()

    async def send(self, command: Command[Any], *, message_id: str | None = None) -> str:
        """Sends one command; returns its id once the broker has it for good.

        Args:
            command: an instance of a contract, and so valid.
            message_id: its identity: the same id sent again takes effect once. Without one, the id follows from
                the content, so two equal commands are one; give them ids if both are meant.

        Raises:
            Undeclared: it is no command of a contract.
            OwnerAway: no queue at the broker takes it. It was not sent.
            ConfigError: it is too large, or the broker refuses it. It was not sent.
            RequestTimeout: the broker did not confirm it in time. It may have been sent.
        """
        envelope = self._envelope(command, message_id)
        await self.forward(envelope)
        return envelope.id

    async def forward(self, envelope: Envelope) -> None:
        """Sends a command that was made earlier, as it is.

        Raises:
            AmphibusError: as `send`.
        """
        try:
            # For its turn, too: those before it may wait in vain.
            async with (
                asyncio.timeout(self._patience),
                self._turn(f"id {envelope.id}"),
                self._turn(f"key {envelope.key or envelope.id}"),
            ):
                await self._sender.publish(self._outgoing(envelope))
        except TimeoutError:
            raise RequestTimeout(
                f"{envelope.type} {envelope.id} was not confirmed within {self._patience:g} s",
                "the broker is away or takes nothing now; it may have been sent",
                "send it again with the same id: it is done once",
            ) from None

    async def send_all(
        self,
        commands: Iterable[ProducerMessage],
        *,
        on_sent: Callable[[str], object] = lambda _id: None,
    ) -> int:
        """Sends any number of commands, `window` of them under way at once; returns how many.

        Args:
            commands: each a command, or a pair of its id and it. They are taken as there is room.
            on_sent: called with the id of each, once the broker has it for good.

        Raises:
            AmphibusError: as `send`, for the first that could not be sent. Those reported to `on_sent` are
                sent, some others may be; send all of them again with the same ids.
        """
        count = 0
        failed: AmphibusError | None = None
        room = asyncio.Semaphore(self._window)

        async def one(item: ProducerMessage) -> None:
            try:
                identity, command = item if isinstance(item, tuple) else (None, item)
                on_sent(await self.send(command, message_id=identity))
            finally:
                room.release()

        try:
            async with asyncio.TaskGroup() as group:
                for item in commands:
                    await room.acquire()
                    group.create_task(one(item))
                    count += 1
        except* AmphibusError as errors:
            failed = _first(errors)
        if failed is not None:  # raised above, it would arrive in a group before Python 3.11.4
            raise failed
        return count

    def _turn(self, queue: str) -> asyncio.Lock:
        """Lets one sender of a key through at a time, in order of arrival; the last one removes the queue."""
        return self._turns.setdefault(queue, asyncio.Lock())

    def _envelope(self, command: Command[Any], message_id: str | None) -> Envelope:
        body = self._outside.body_of(command)
        derived = derived_id(self.source, type(command).contract_type, body.decode())
        return self._outside.envelope(command, body, derived if message_id is None else message_id)

    def _outgoing(self, envelope: Envelope) -> OutgoingMessage:
        owner = envelope.type.partition(".")[0]
        exchange, key = self._names.route((owner,), envelope)
        properties = properties_of(envelope, user=self._sender.user, signer=self._signer)
        return OutgoingMessage(exchange, key, envelope.body, properties)


def _signer(source: str, file: Path | None) -> Signer | None:
    if file is None:
        return None
    from amphibus.transports.rabbitmq.signatures.keys import private_key

    return Signer({source: private_key(file)})


def _first(errors: BaseExceptionGroup[AmphibusError]) -> AmphibusError:
    found = errors.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
