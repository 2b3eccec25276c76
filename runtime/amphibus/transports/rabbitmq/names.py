"""The exchanges, queues and bindings at the broker: names and arguments, computed from the topology.

Per module M, with the prefix `<app>.<env>.`: the exchanges `M.events` (only M writes), `M.commands`
(senders to M write) and `M.replies` (modules that M asks write), the queues `M.v1.p0 …` for messages
to M, and `M.dead`, the net below them. `M.queries` and `M.replies.<instance>` live as long as somebody
consumes them. `M.known.<mark>` says that this is the broker which has the messages of M.

The arguments of a queue never change: another arrangement gets another version in its name.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from amphibus.messages.envelope import Envelope
from amphibus.partitions.assignment import partition_of

if TYPE_CHECKING:
    from amphibus.routing.topology import (
        Topology,  # a producer outside has neither modules nor their dependencies
    )

KNOWN = "known"
"""What follows a module's name in that of its mark, by which it recognises its broker."""
VERSION = 1
"""Of the queues' arrangement, `partitions` included."""
HOMES = 4
"""Names that the queue of what a module is asked may have."""
OUTSIDE = "outside"
"""Where a partition stands in the key, of the copy of an event for those outside, where modules get it one by one."""
NOW = "now"
"""Where a partition stands in the key, of what is answered at once and kept by nobody. What has the plain type as
its key goes nowhere and comes back to its sender, who may believe that it is kept."""
DELIVERY_LIMIT = 50
"""Deliveries until the broker gives a message up. Crashes and deployments count, so it is only a net."""
LEADER_LOCATOR = "x-queue-leader-locator"
"""Without it all leaders live on the node that came first. Queues of earlier versions do not have it."""
QUORUM: Mapping[str, Any] = {"x-queue-type": "quorum", LEADER_LOCATOR: "balanced"}


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

    def queries(self, module: str, home: int = 0) -> str:
        """The queue of what a module is asked; under another name where the node of the first one is away."""
        return f"{self.prefix}{module}.queries" + (f".{home}" if home else "")

    def dead(self, module: str) -> str:
        """Returns the queue of messages to a module that the broker gave up."""
        return f"{self.prefix}{module}.dead"

    def known(self, module: str, mark: str) -> str:
        """Returns the exchange that is a module's mark: nothing is published there."""
        return f"{self.prefix}{module}.{KNOWN}.{mark}"

    def route(
        self, destinations: tuple[str, ...], envelope: Envelope, *, apart: bool = False
    ) -> tuple[str, str]:
        """Exchange and routing key of a message that is kept; an event comes `apart` to one subscriber alone.

        A message to the owner of its type is a command, known or not: no module subscribes to its own events.
        """
        partition = partition_of(envelope.key, envelope.id, self.partitions)
        owner = envelope.type.partition(".")[0]
        key = f"{envelope.type}.p{partition}"
        if owner in destinations:
            return self.commands(owner), key
        return self.events(owner), f"{key}.{destinations[0]}" if apart else key

    def key_of_request(self, contract_type: str) -> str:
        """Returns the routing key of what is asked of the module whose commands exchange it goes by."""
        return f"{contract_type}.{NOW}"

    def more_keys(self, destination: str, envelope: Envelope) -> list[str]:
        """Returns more routing keys of an event to one subscriber: the first takes it to programs outside, too."""
        first = self.topology.subscribers.get(envelope.type, ())[:1]
        return [f"{envelope.type}.{OUTSIDE}"] if destination in first else []

    def is_for_all(self, destinations: Collection[str], envelope: Envelope) -> bool:
        """Returns whether one publish brings a message to these and to nobody else."""
        return set(self.topology.subscribers.get(envelope.type, ())) <= set(destinations)

    def permanent(self, *some: str) -> Iterator[Exchange | Queue | QueueBinding]:
        """Yields everything that must be declared before anything is published, each after what it needs."""
        modules = some or self.topology.modules
        bindings: dict[str, list[QueueBinding]] = {}
        for module in modules:
            yield Queue(self.dead(module), QUORUM)
            for partition in range(self.partitions):
                yield Queue(self.partition_queue(module, partition), self.arguments(module))
            for each in self.bindings(module):
                bindings.setdefault(each.exchange, []).append(each)
        for module in modules:
            for name in (self.events(module), self.commands(module), self.replies(module)):
                yield Exchange(name)
                # At once: until all are bound, a message reaches some of its receivers, and is confirmed.
                yield from bindings.pop(name, ())
        for left in bindings.values():
            yield from left

    def of_queries(self, module: str, home: int = 0) -> tuple[Queue, QueueBinding]:
        """The queue of what a module is asked. It goes with its last consumer: then nobody is there."""
        name = self.queries(module, home)
        queue = Queue(name, {"x-queue-type": "classic"}, auto_delete=True)
        return queue, QueueBinding(name, self.commands(module), f"*.*.*.{NOW}")

    def arguments(self, receiver: str) -> dict[str, Any]:
        """Returns the arguments of a queue of kept messages, which make it lose none."""
        return {
            **QUORUM,
            "x-single-active-consumer": True,
            "x-delivery-limit": DELIVERY_LIMIT,
            # At-least-once dead lettering needs all three; without them the broker may drop messages.
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": self.dead(receiver),
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }

    def bindings_of(self, module: str, queue: str) -> list[QueueBinding]:
        """Returns what reaches the queue of a partition, be it one of those that there are now or not."""
        partition = int(queue.rpartition(".p")[2])
        every = replace(self, partitions=partition + 1)
        return [each for each in every.bindings(module) if each.queue == queue]

    def bindings(self, module: str) -> Iterator[QueueBinding]:
        """Commands by partition alone, so that a version nobody knows yet becomes a dead letter of its owner."""
        for partition in range(self.partitions):
            queue = self.partition_queue(module, partition)
            yield QueueBinding(queue, self.commands(module), f"*.*.*.p{partition}")
            for event, subscribers in self.topology.subscribers.items():
                if module in subscribers:
                    owner = event.partition(".")[0]
                    yield QueueBinding(queue, self.events(owner), f"{event}.p{partition}")
                    yield QueueBinding(queue, self.events(owner), f"{event}.p{partition}.{module}")
