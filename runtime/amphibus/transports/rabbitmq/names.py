"""The exchanges, queues and bindings at the broker: names and arguments, computed from the topology.

Per module M, with the prefix `<app>.<env>.`: the exchanges `M.events` (only M writes), `M.commands`
(senders to M write) and `M.replies` (modules that M asks write), the queues `M.v1.p0 …` for messages
to M, and `M.dead`, the net below them. `M.queries` and `M.replies.<instance>` live as long as somebody
consumes them.

The arguments of a queue never change: another arrangement gets another version in its name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amphibus.messages.envelope import Envelope
from amphibus.partitions.assignment import partition_of

if TYPE_CHECKING:
    from amphibus.routing.topology import (
        Topology,  # a producer outside has neither modules nor their dependencies
    )

VERSION = 1
"""The version of the queues' arrangement, `partitions` included."""
DELIVERY_LIMIT = 50
"""Deliveries until the broker gives a message up. Crashes and deployments count, so it is only a net."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A topic exchange, durable."""

    name: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    auto_delete: bool = False


@dataclass(frozen=True, slots=True)
class QueueBinding:
    """A binding: the messages of an exchange that reach a queue."""

    queue: str
    exchange: str
    key: str


@dataclass(frozen=True, slots=True)
class Names:
    """Every name at the broker. One a process."""

    app: str
    env: str
    partitions: int
    topology: "Topology"

    @property
    def prefix(self) -> str:
        """The prefix of all names."""
        return f"{self.app}.{self.env}."

    def user(self, module: str) -> str:
        """Returns the broker's user of a module, if each module has its own."""
        return self.prefix + module

    def events(self, module: str) -> str:
        """Returns the exchange that a module publishes its events to."""
        return f"{self.prefix}{module}.events"

    def commands(self, module: str) -> str:
        """Returns the exchange for commands and queries to a module."""
        return f"{self.prefix}{module}.commands"

    def replies(self, module: str) -> str:
        """Returns the exchange for replies to a module."""
        return f"{self.prefix}{module}.replies"

    def partition_queue(self, module: str, partition: int) -> str:
        """Returns the queue of one partition of a module."""
        return f"{self.prefix}{module}.v{VERSION}.p{partition}"

    def queries(self, module: str) -> str:
        """Returns the queue for queries to a module."""
        return f"{self.prefix}{module}.queries"

    def dead(self, module: str) -> str:
        """Returns the queue of messages to a module that the broker gave up."""
        return f"{self.prefix}{module}.dead"

    def route(self, destinations: tuple[str, ...], envelope: Envelope) -> tuple[str, str]:
        """Returns exchange and routing key of a message that is kept.

        A message to the owner of its type is a command, known or not: no module subscribes to its own events.
        """
        partition = partition_of(envelope.key, envelope.id, self.partitions)
        owner = envelope.type.partition(".")[0]
        exchange = self.commands(owner) if owner in destinations else self.events(owner)
        return exchange, f"{envelope.type}.p{partition}"

    def permanent(self) -> Iterator[Exchange | Queue | QueueBinding]:
        """Yields everything that must be declared before anything is published, each after what it needs."""
        modules = self.topology.modules
        for module in modules:
            for name in (self.events(module), self.commands(module), self.replies(module)):
                yield Exchange(name)
        for module in modules:
            yield Queue(self.dead(module), {"x-queue-type": "quorum"})
        for module in modules:
            for partition in range(self.partitions):
                yield Queue(self.partition_queue(module, partition), self.arguments(module))
        for module in modules:
            yield from self._bindings(module)

    def of_queries(self, module: str) -> tuple[Queue, QueueBinding]:
        """Returns the queue for queries to a module. It goes with its last consumer: then nobody is there."""
        name = self.queries(module)
        queue = Queue(name, {"x-queue-type": "classic"}, auto_delete=True)
        return queue, QueueBinding(name, self.commands(module), "*.*.*")

    def arguments(self, receiver: str) -> dict[str, Any]:
        """Returns the arguments of a queue of kept messages, which make it lose none."""
        return {
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-delivery-limit": DELIVERY_LIMIT,
            # At-least-once dead lettering needs all three; without them the broker may drop messages.
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": self.dead(receiver),
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }

    def _bindings(self, module: str) -> Iterator[QueueBinding]:
        """Binds commands by partition alone, so that an unknown version becomes a dead letter of its owner."""
        for partition in range(self.partitions):
            queue = self.partition_queue(module, partition)
            yield QueueBinding(queue, self.commands(module), f"*.*.*.p{partition}")
            for event, subscribers in self.topology.subscribers.items():
                if module in subscribers:
                    owner = event.partition(".")[0]
                    yield QueueBinding(queue, self.events(owner), f"{event}.p{partition}")
