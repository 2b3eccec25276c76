"""Carries messages between modules of one process. Each is in its sender's outbox, so no crash loses one."""

import asyncio

from amphibus.errors import OwnerAway, RequestTimeout
from amphibus.inbox.receiver import Receiver
from amphibus.messages.envelope import Envelope, Reply
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.telemetry.health import Health
from amphibus.transport import Ack, Destinations, OnReply


class MemoryTransport:
    """Hands envelopes to the receivers of this process, as they are: nobody can change one."""

    name = "memory"
    apart = False

    def __init__(self) -> None:
        self._receivers: dict[str, Receiver] = {}
        self._expected: dict[str, OnReply] = {}

    def attach(self, module: str, receiver: Receiver, assignment: PartitionAssignment) -> None:  # noqa: ARG002
        """Begins to hand messages to a hosted module."""
        self._receivers[module] = receiver
        receiver.on_reply = self.reply

    async def open(self, health: Health) -> None:
        """Nothing to open."""

    async def detach(self, module: str) -> None:
        """Hands that module nothing more."""
        self._receivers.pop(module, None)

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """Nothing is on its way."""

    async def finish(self) -> None:
        """Nobody needs to be told."""

    async def close(self) -> None:
        """Nothing to close."""

    async def idle(self) -> bool:
        """Always: what is handed over is there."""
        return True

    def routes(self, destinations: Destinations) -> list[tuple[str, Destinations]]:
        """Each destination is a way of its own: none waits for another."""
        return [(each, (each,)) for each in destinations]

    def is_reachable(self, route: str) -> bool:
        """Returns whether that module is hosted here; messages to others wait in their outbox."""
        return route in self._receivers

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        """Hands a message over; it is safe when that module has committed or delayed it."""
        receiver = self._receivers.get(destinations[0])
        if receiver is not None:
            receiver.take(envelope, ack)

    async def request(self, destination: str, envelope: Envelope, timeout: float) -> Reply:  # noqa: ASYNC109
        """Asks a hosted module.

        Raises:
            OwnerAway: it is not hosted here; not done.
            RequestTimeout: it goes on working; it may have been done.
        """
        receiver = self._receivers.get(destination)
        if receiver is None:
            raise OwnerAway(
                f"module {destination} is not here",
                f"nobody handles {envelope.type} at the moment; it was not done",
                f"start it: amphibus run --module {destination}",
            )
        work = asyncio.ensure_future(receiver.request(envelope))
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(work)
        except TimeoutError:
            raise RequestTimeout(
                f"{envelope.type} was not answered within {timeout:g} s",
                f"module {destination} is still working on it: it may have been done",
                "ask again with the same id: it is done once",
            ) from None

    def reply(self, envelope: Envelope, reply: Reply) -> None:
        """Hands the reply to whoever expects it in this process."""
        on_reply = self._expected.pop(envelope.id, None)
        if on_reply is not None:
            on_reply(reply)

    @property
    def reply_address(self) -> str:
        """None: a reply does not leave the process."""
        return ""

    def expect_reply(self, message_id: str, on_reply: OnReply | None) -> None:
        """Calls `on_reply` with the reply to a message; None stops that."""
        if on_reply is None:
            self._expected.pop(message_id, None)
        else:
            self._expected[message_id] = on_reply
