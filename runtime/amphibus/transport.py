"""The seam between modules and the transports that carry their messages."""

from collections.abc import Callable
from typing import Protocol

from amphibus.inbox.receiver import Receiver
from amphibus.messages.envelope import Envelope, Reply
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.telemetry.health import Health

Ack = Callable[[], None]
Destinations = tuple[str, ...]
OnReply = Callable[[Reply], None]


class Transport(Protocol):
    """Carries envelopes. Until it reports an envelope safe, the envelope is in its sender's outbox."""

    name: str
    """`memory` or `rabbitmq`; two of them never work on one database at once."""
    apart: bool
    """True if modules are in processes of their own, which are woken for each message."""

    def attach(self, module: str, receiver: Receiver, assignment: PartitionAssignment) -> None:
        """Begins to hand messages to a hosted module: of the partitions that it has here."""
        ...

    async def open(self, health: Health) -> None:
        """Begins to carry, once the first modules are attached. What is away is waited for; `health` says so.

        Raises:
            ConfigError: it can never work as it is set.
        """
        ...

    async def detach(self, module: str) -> None:
        """Hands that module nothing more; returns when all that was on its way here was handed over."""
        ...

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """Returns when nothing of some partitions is on its way or under way here, before they are given away."""
        ...

    async def finish(self) -> None:
        """Returns when whoever sent what was handed over has been told that it is safe; not before it is."""
        ...

    async def close(self) -> None:
        """Ends the transport. Nothing is lost, since whatever was not safe is in an outbox."""
        ...

    async def idle(self) -> bool:
        """Returns whether nothing is on its way to the modules attached here."""
        ...

    def routes(self, destinations: Destinations) -> list[tuple[str, Destinations]]:
        """Returns the routes to the destinations of one message: each route takes it to some of them."""
        ...

    def is_reachable(self, route: str) -> bool:
        """Returns whether it makes sense to deliver there now. An undelivered message stays in its outbox."""
        ...

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        """Carries one message to destinations of one way; calls `ack` once all have it for good.

        May deliver it more than once. May never call `ack`: then it is delivered again after a restart. Two
        messages of one key, delivered one after the other was safe, arrive in that order.
        """
        ...

    async def request(self, destination: str, envelope: Envelope, timeout: float) -> Reply:  # noqa: ASYNC109
        """Carries a request and its reply, neither of them kept.

        Raises:
            OwnerAway: nobody is there; it was not done.
            RequestTimeout: no reply within `timeout` seconds; it may have been done.
        """
        ...

    def reply(self, envelope: Envelope, reply: Reply) -> None:
        """Carries the reply to a delivered message back to its sender, if that is still there."""
        ...

    @property
    def reply_address(self) -> str:
        """The address of replies to this process, if another instance sends a message in its place; empty if none."""
        ...

    def expect_reply(self, message_id: str, on_reply: OnReply | None) -> None:
        """Calls `on_reply` with the reply to a message; None stops that."""
        ...
