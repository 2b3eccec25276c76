"""The partition of a message, which follows from its key, and the partitions of an instance."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from zlib import crc32

from amphibus.database.sql import Identified, Sql
from amphibus.database.write_set import Row

OnChange = Callable[[frozenset[int], frozenset[int]], None]
"""A callback at a rebalance, with the partitions gained and those lost."""
LeaseToken = tuple[int, int]
"""A partition and the token under which it was held when a message of it was taken."""
DrainPartitions = Callable[[frozenset[int]], Awaitable[None]]


async def at_once(_parts: frozenset[int]) -> None:
    """Returns at once: nothing of these partitions is ever under way."""


def partition_of(key: str | None, identity: str, count: int) -> int:
    """Returns the partition of a message: from its key, so that a key is in one place; without a key from its id."""
    return crc32((identity if key is None else key).encode()) % count


class PartitionAssignment(Protocol):
    """The partitions that this instance of a module holds at the moment."""

    drain: DrainPartitions
    """Waits until nothing of some partitions is under way here."""

    @property
    def name(self) -> str:
        """The name of this instance as long as its process lives; empty if it is the only one there is."""
        ...

    async def alive(self) -> frozenset[str]:
        """Returns the names of the instances that live."""
        ...

    @property
    def count(self) -> int:
        """The number of all partitions; part of the topology's version."""
        ...

    @property
    def on_change(self) -> list[OnChange]:
        """Called at every rebalance, with the partitions gained and lost."""
        ...

    @property
    def owned(self) -> frozenset[int]:
        """The partitions that this instance holds now. It may lose one at any time; each commit checks that."""
        ...

    @property
    def on_notified(self) -> list[Callable[[], None]]:
        """Called when another instance has written work of our partitions."""
        ...

    def notify(self) -> None:
        """Tells the other instances that work of theirs was written. A hint: they look from time to time anyway."""
        ...

    async def start(self) -> None:
        """Takes the first partitions."""
        ...

    async def started(self) -> None:
        """Returns once it has a share, or is known to have none for now."""
        ...

    async def stop(self, *, give_back: bool = True) -> None:
        """Gives every partition back, or leaves them to those who wait until the leases have run out."""
        ...

    def lease_token(self, partition: int) -> LeaseToken | None:
        """Returns the fencing token for messages of a partition; None if no other instance can take it."""
        ...

    async def check(
        self, sql: Sql, messages: Sequence[Identified] = ()
    ) -> tuple[frozenset[LeaseToken], list[Row | None]]:
        """Returns, inside a transaction, what this instance holds until its end, and prior outcomes of messages.

        Raises:
            StoreError: this instance was taken for dead.
        """
        ...


class SingleInstance:
    """The assignment of the only instance there is: everything, always."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.on_change: list[OnChange] = []
        self.on_notified: list[Callable[[], None]] = []
        self.drain: DrainPartitions = at_once
        self.owned = frozenset(range(count))
        self.name = ""

    async def alive(self) -> frozenset[str]:
        """Returns nobody who would have to be known by name."""
        return frozenset()

    def notify(self) -> None:
        """Does nothing: there is nobody else."""

    async def start(self) -> None:
        """Does nothing: nothing needs to be taken."""

    async def started(self) -> None:
        """It has everything from the beginning."""

    async def stop(self, *, give_back: bool = True) -> None:
        """Does nothing: nobody takes over."""

    def lease_token(self, partition: int) -> None:
        """Returns None: nobody else can take it."""

    async def check(
        self, sql: Sql, messages: Sequence[Identified] = ()
    ) -> tuple[frozenset[LeaseToken], list[Row | None]]:
        """Returns nothing lost: nobody could have taken it."""
        return frozenset(), await sql.prior_outcomes(messages) if messages else []


def only(assignment: PartitionAssignment) -> str:
    """Returns a condition on `partition` for a statement that finds this instance's work."""
    if len(assignment.owned) == assignment.count:
        return ""
    return f" AND partition IN ({', '.join(map(str, sorted(assignment.owned))) or '-1'})"
