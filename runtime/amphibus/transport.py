"""The seam between modules and what carries their messages; `docs/transport.md` tells how another one is written."""

from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.telemetry.health import Health

Ack = Callable[[], None]
Destinations = tuple[str, ...]
OnReply = Callable[[Reply], None]
OnOutcome = Callable[[Envelope, Reply], None]
OnPartitionChange = Callable[[frozenset[int], frozenset[int]], None]
"""Called with the partitions gained and those lost."""


class Inbound(Protocol):
    """The receiving end of a transport: one module that is hosted here."""

    on_reply: OnOutcome
    """Called with a delivered message whose sender waits, and its reply, after the commit."""

    def take(self, envelope: Envelope, ack: Ack, partition: int | None = None) -> None:
        """Takes a message, which may be a repetition; calls `ack` once it is handled, delayed or dead, durably.

        May never call `ack`: then the message must come again. `partition` is the one that it came by, if any:
        nothing is done if that is lost meanwhile.
        """
        ...

    def refuse(
        self, envelope: Envelope, failure: Failure, ack: Ack, partition: int | None = None
    ) -> None:
        """Makes a dead letter of a message that must not be handled; otherwise as `take`."""
        ...

    async def request(self, envelope: Envelope) -> Reply:
        """Handles a query, or a command that nobody keeps, and returns the reply; failures are replies too."""
        ...


class OwnedPartitions(Protocol):
    """The partitions of a module that this process works on."""

    @property
    def owned(self) -> frozenset[int]:
        """Those that are ours now; they may be lost at any time."""
        ...

    @property
    def on_change(self) -> list[OnPartitionChange]:
        """Called at every change of hands."""
        ...


class Requests(Protocol):
    """Questions and their answers, neither of them kept. `transports.requests` has it for any transport."""

    @property
    def address(self) -> str:
        """Returns where replies reach this process from another one; empty if they cannot."""
        ...

    def attach(self, module: str, inbound: Inbound) -> None:
        """Begins to hand requests to a hosted module, and to carry its replies to delivered messages back."""
        ...

    async def detach(self, module: str) -> None:
        """Hands that module no more requests."""
        ...

    async def request(self, destination: str, envelope: Envelope, timeout: float) -> Reply:  # noqa: ASYNC109
        """Asks a module; done at most once for each id, and not kept.

        Raises:
            OwnerAway: nobody is there; it was not done. Raised at once, where that can be known.
            RequestTimeout: no reply within `timeout` seconds; it may have been done, now or later.
        """
        ...

    def expect_reply(self, message_id: str, on_reply: OnReply | None) -> None:
        """Calls `on_reply` once with the reply to a delivered message, if one comes; None stops that."""
        ...


class Bypass(Protocol):
    """A second way for kept messages, while the usual one is away. Each sender decides when it takes which.

    A sender that changes recalls what is under way, and hands over again what its database says.
    """

    @property
    def on_change(self) -> list[Callable[[], None]]:
        """Called when `wanted` changes."""
        ...

    @property
    def wanted(self) -> bool:
        """Returns whether the usual way has been away for so long, and not been there again for long."""
        ...

    @property
    def away_since(self) -> str:
        """Returns when the usual way was lost the last time."""
        ...

    def stands_still(self, source: str) -> bool:
        """Returns whether nothing of a sender leaves for now, on either way: who waits for a reply waits in vain."""
        ...

    async def reaches(self, source: str, destination: str) -> bool:
        """Returns whether messages of a sender can go to a destination by the second way now."""
        ...

    def recall(self, source: str) -> None:
        """Gives up what was delivered for a sender and is not acknowledged, on both ways.

        What has left may arrive all the same, even late, but no later than what is delivered afterwards.
        """
        ...

    def lead(self, source: str, destinations: Iterable[str]) -> None:
        """Takes what is delivered for a sender to these destinations by the second way from now on; all else not."""
        ...


@runtime_checkable
class Bypassed(Protocol):
    """A transport that has a second way."""

    @property
    def bypass(self) -> Bypass:
        """The second way."""
        ...


class Marks(Protocol):
    """The marks that one sender leaves where its messages are kept, as they are found over one connection."""

    @property
    def alive(self) -> bool:
        """Returns whether the connection can still be used. If not, the methods may raise anything."""
        ...

    async def has(self, mark: str) -> bool:
        """Returns whether a mark is there; False too where nobody says so in time."""
        ...

    async def put(self, mark: str) -> bool:
        """Leaves a mark for good; returns False if that is forbidden or is not answered in time."""
        ...

    async def take_away(self, mark: str) -> None:
        """Removes a mark, if that can be done."""
        ...


class MarkingSender(Protocol):
    """A sender that knows by its mark the place that has its messages."""

    async def recognise(self, marks: Marks) -> None:
        """Returns once messages of it may leave over a new connection; those that must not are recalled by then.

        Cancelled when the connection ends.
        """
        ...

    def withhold(self) -> None:
        """Hands nothing over until `recognise` has ended; called where others cannot wait for that any longer."""
        ...


@runtime_checkable
class Keeping(Protocol):
    """A transport that keeps messages at a place which may be lost, and replaced by an empty one."""

    def follow(self, source: str, sender: MarkingSender | None) -> None:
        """Lets a sender recognise each new connection before anything of it leaves there; None ends that."""
        ...

    def recall(self, source: str) -> None:
        """Gives up what was delivered for a sender and is not acknowledged."""
        ...


class Transport(Protocol):
    """Carries envelopes at least once. Keeps nothing: what it did not acknowledge is still in its sender's outbox."""

    name: str
    """Written down in each database: two transports never work on one at once."""
    apart: bool
    """True if modules are in processes of their own, which are woken for each message."""

    @property
    def requests(self) -> Requests:
        """The part of a transport that carries questions and answers."""
        ...

    def attach(self, module: str, inbound: Inbound, partitions: OwnedPartitions) -> None:
        """Begins to hand messages to a hosted module: of the partitions that it has here.

        Before `open` or after it. An address of `Requests` is attached like a module, without partitions.
        """
        ...

    async def open(self, health: Health) -> None:
        """Begins to carry, once the first modules are attached. What is away is waited for; `health` says so.

        Raises:
            ConfigError: it can never work as it is set.
        """
        ...

    async def detach(self, module: str) -> None:
        """Hands that module nothing more; returns when all that was on its way here was handed over.

        What is dropped instead is not acknowledged.
        """
        ...

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """Returns when nothing of some partitions is on its way or under way here, before they are given away."""
        ...

    async def finish(self) -> None:
        """Returns when whoever sent what was handed over has been told that it is safe; not before it is."""
        ...

    async def close(self) -> None:
        """Ends. Nothing is lost that was not acknowledged."""
        ...

    async def idle(self) -> bool:
        """Returns whether nothing is on its way to the modules attached here. For tests, and a change of transport."""
        ...

    def routes(self, destinations: Destinations) -> list[tuple[str, Destinations]]:
        """Returns how the destinations of one message are reached: each route takes it to some of them."""
        ...

    def is_reachable(self, route: str) -> bool:
        """Returns whether it makes sense to deliver there now. An undelivered message stays in its outbox."""
        ...

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        """Carries one message to destinations of one route; calls `ack` once all have it for good.

        May deliver it more than once. May never call `ack`: then it is delivered again after a restart. Two
        messages of one key, the second delivered after the `ack` of the first, arrive in that order; of others
        any may come first. Returns at once, and raises nothing.
        """
        ...
