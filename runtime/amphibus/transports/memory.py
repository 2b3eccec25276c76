"""Carries messages between modules of one process. Each is in its sender's outbox, so no crash loses one."""

import asyncio

from amphibus.errors import OwnerAway, RequestTimeout
from amphibus.messages.envelope import Envelope, Reply
from amphibus.telemetry.health import Health
from amphibus.transport import Ack, Destinations, Inbound, OnReply, OwnedPartitions
from amphibus.transports.hosted_module import HostedModule


class MemoryTransport:
    """Hands envelopes to the modules of this process, as they are: nobody can change one."""

    name = "memory"
    apart = False

    def __init__(self, partition_count: int) -> None:
        self._partition_count = partition_count
        self._hosted: dict[str, HostedModule] = {}
        self.requests = MemoryRequests()

    def attach(self, module: str, inbound: Inbound, partitions: OwnedPartitions) -> None:
        """Begins to hand messages to a hosted module."""
        self._hosted[module] = HostedModule(inbound, partitions, self._partition_count)

    async def open(self, health: Health) -> None:
        """Nothing to open."""

    async def detach(self, module: str) -> None:
        """Hands that module nothing more."""
        self._hosted.pop(module, None)

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
        """Each destination is a route of its own: none waits for another."""
        return [(each, (each,)) for each in destinations]

    def is_reachable(self, route: str) -> bool:
        """Returns whether that module is hosted here; messages to others wait in their outbox."""
        return route in self._hosted

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        """Hands a message over; it is safe when that module has committed or delayed it."""
        hosted = self._hosted.get(destinations[0])
        if hosted is not None:
            hosted.take(envelope, ack)


class MemoryRequests:
    """Calls a module of this process and hands its reply back: no address, no envelope on its way."""

    address = ""

    def __init__(self) -> None:
        self._inbound: dict[str, Inbound] = {}
        self._expected: dict[str, OnReply] = {}

    def attach(self, module: str, inbound: Inbound) -> None:
        """Begins to hand requests to a hosted module."""
        self._inbound[module] = inbound
        inbound.on_reply = self._reply

    async def detach(self, module: str) -> None:
        """Hands that module no more requests."""
        self._inbound.pop(module, None)

    async def request(self, destination: str, envelope: Envelope, timeout: float) -> Reply:  # noqa: ASYNC109
        """Asks a hosted module.

        Raises:
            OwnerAway: it is not hosted here; not done.
            RequestTimeout: it goes on working; it may have been done.
        """
        inbound = self._inbound.get(destination)
        if inbound is None:
            raise OwnerAway(
                f"module {destination} is not here",
                f"nobody handles {envelope.type} at the moment; it was not done",
                f"amphibus run --module {destination}",
            )
        work = asyncio.ensure_future(inbound.request(envelope))
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(work)
        except TimeoutError:
            raise RequestTimeout(
                f"{envelope.type} was not answered within {timeout:g} s",
                f"module {destination} is still working on it: it may have been done",
                "ask again with the same id: it is done once",
            ) from None

    def expect_reply(self, message_id: str, on_reply: OnReply | None) -> None:
        """Calls `on_reply` with the reply to a message; None stops that."""
        if on_reply is None:
            self._expected.pop(message_id, None)
        else:
            self._expected[message_id] = on_reply

    def _reply(self, envelope: Envelope, reply: Reply) -> None:
        on_reply = self._expected.pop(envelope.id, None)
        if on_reply is not None:
            on_reply(reply)
