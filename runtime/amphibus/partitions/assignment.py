"""The partition of a message, which follows from its key, and the partitions of an instance."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from zlib import crc32

from amphibus.database.sql import Identified, Sql
from amphibus.database.write_set import Row

OnChange = Callable[[frozenset[int], frozenset[int]], None]
"""Called with the partitions gained and those lost."""
LeaseToken = tuple[int, int]
"""A partition and the token under which it was held when a message of it was taken."""
DrainPartitions = Callable[[frozenset[int]], Awaitable[None]]


async def at_once(_parts: frozenset[int]) -> None:
    """Nothing is ever under way."""


def partition_of(key: str | None, identity: str, count: int) -> int:
    """The partition of a message: by its key, so that a key is in one place; by its id without one."""
    return crc32((identity if key is None else key).encode()) % count


class PartitionAssignment(Protocol):
    """The partitions that this instance of a module has at the moment."""

    drain: DrainPartitions
    """Waits until nothing of some partitions is under way here."""

    @property
    def count(self) -> int:
        """Of all partitions; part of the topology's version."""
        ...

    @property
    def on_change(self) -> list[OnChange]:
        """Told of every change of hands."""
        ...

    @property
    def owned(self) -> frozenset[int]:
        """Those that are ours now. What is ours may be lost at any time; each commit checks it."""
        ...

    @property
    def on_notified(self) -> list[Callable[[], None]]:
        """Called when another instance has written work of our partitions."""
        ...

    def notify(self) -> None:
        """Tells the other instances that work of theirs was written. A hint: they look now and then anyway."""
        ...

    async def start(self) -> None:
        """Takes the first partitions."""
        ...

    async def stop(self) -> None:
        """Gives everything back."""
        ...

    def lease_token(self, partition: int) -> LeaseToken | None:
        """What a message of a partition is taken under; None where nobody else can have it."""
        ...

    async def check(
        self, sql: Sql, messages: Sequence[Identified] = ()
    ) -> tuple[frozenset[LeaseToken], list[Row | None]]:
        """Inside a transaction: what is ours and stays ours until it ends; what stands against running messages.

        Raises:
            StoreError: this instance was taken for dead.
        """
        ...


class SingleInstance:
    """The shares of the only instance there is: everything, always."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.on_change: list[OnChange] = []
        self.on_notified: list[Callable[[], None]] = []
        self.drain: DrainPartitions = at_once
        self.owned = frozenset(range(count))

    def notify(self) -> None:
        """There is nobody else."""

    async def start(self) -> None:
        """Nothing needs to be taken."""

    async def stop(self) -> None:
        """Nobody takes over."""

    def lease_token(self, partition: int) -> None:
        """Nobody else can have it."""

    async def check(
        self, sql: Sql, messages: Sequence[Identified] = ()
    ) -> tuple[frozenset[LeaseToken], list[Row | None]]:
        """Nobody could have taken it."""
        return frozenset(), await sql.prior_outcomes(messages) if messages else []


def only(assignment: PartitionAssignment) -> str:
    """A condition on `partition` for a statement that finds this instance's work."""
    if len(assignment.owned) == assignment.count:
        return ""
    return f" AND partition IN ({', '.join(map(str, sorted(assignment.owned))) or '-1'})"
