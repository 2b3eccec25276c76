"""Shares a module's partitions among its instances through its PostgreSQL database: the rebalance.

Each instance renews its heartbeat every `beat` seconds, by the database's clock. Living instances hold
equal shares of the partitions; a silent one is struck off, and its partitions become free.
Every commit locks its instance's row (fencing, after Kleppmann): an instance that was struck off
while it was paused cannot commit any more, whatever it believes. The same statement reads the
partitions it holds, each with a fencing token that grows at each change of hands: work taken under
another token is dropped.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, cast

from amphibus.clock import Clock, elapsed
from amphibus.database.postgres.bounded import FAREWELL_SECONDS
from amphibus.database.postgres.connection import PostgresConnection
from amphibus.database.postgres.leases import (
    Instance,
    claim_partitions,
    instance_ids,
    release_partition,
    remove_instance,
    renew_instance,
)
from amphibus.database.postgres.silent_peers import LOCK_SECONDS, alive, named_by, strike_off_silent
from amphibus.database.postgres.sql import PostgresSql
from amphibus.database.postgres.store import PostgresStore
from amphibus.database.sql import Identified, Sql
from amphibus.database.write_set import Row
from amphibus.errors import StoreError
from amphibus.failpoints import failpoint
from amphibus.messages.ids import new_id
from amphibus.partitions.assignment import DrainPartitions, LeaseToken, OnChange, at_once
from amphibus.partitions.one_mode import register
from amphibus.supervision import Supervisor

_ANSWER_SECONDS: Final = 4.0
"""How long a beat may take. It is the first to notice a server that does not answer: it asks all the time."""


class Leases:
    """The partitions of one instance. Lives as long as its module is hosted."""

    def __init__(
        self,
        store: PostgresStore,
        *,
        count: int,
        transport: str,
        supervisor: Supervisor,
        clock: Clock,
        beat_seconds: float = 2.0,
        lease_seconds: float = 10.0,
        patience_seconds: float = 0.0,
    ) -> None:
        self.count = count
        self.owned: frozenset[int] = frozenset()
        self._held: dict[int, int] = {}
        """Each partition's token; those that are being given away are held to the end."""
        self._leaving: frozenset[int] = frozenset()
        self._draining: asyncio.Task[None] | None = None
        self._look = asyncio.Event()
        self.on_change: list[OnChange] = []
        self.on_notified: list[Callable[[], None]] = []
        self._notifying: asyncio.Task[None] | None = None
        self._channel = f"amphibus.{store.module}"
        self.drain: DrainPartitions = at_once
        self._store = store
        self.name = store.session_token
        self.alive = partial(alive, store)
        self.instance = self._new_instance()
        self._transport = transport
        self._clock = clock
        self._beat = beat_seconds
        self._lease = int(lease_seconds * 1_000_000)
        self._patience = patience_seconds
        """How long the start waits for instances of another mode to end."""
        self._task = supervisor.task(f"leases:{store.module}", self._work)
        self._connection: PostgresConnection
        self._lost = False
        """Returns whether the last round failed, so that its connection is not to be trusted."""

    async def start(self) -> None:
        """Registers this instance and takes its first partitions.

        Raises:
            StoreError: the module runs in another mode on this database, and goes on with it.
        """
        if self._task.running:
            return
        self._connection = await self._store.connect(
            lock_seconds=LOCK_SECONDS, answer_seconds=_ANSWER_SECONDS
        )
        await self._register(self._patience)
        await self._listen()
        await self._round()
        await self._task.start()

    async def started(self) -> None:
        """Returns once this instance is registered and says that it lives."""
        await self._task.started()

    async def stop(self, *, give_back: bool = True) -> None:
        """Gives everything back, within a second or two; what ran must have ended before.

        Without `give_back` others wait for the leases to run out, as after a kill.
        """
        await self._task.stop()
        if self._draining is not None:
            self._draining.cancel()
            await asyncio.wait([self._draining], timeout=self._beat)
        if not hasattr(self, "_connection"):
            return
        if give_back:
            with contextlib.suppress(Exception):
                farewell = remove_instance(self._connection.sql, self.instance)
                await self._connection.asked.answered(farewell, FAREWELL_SECONDS)
        await self._connection.close()

    def notify(self) -> None:
        """Wakes the other instances, outside every transaction, where it would make commits wait.

        A call tells what came while the one before it was under way.
        """
        if self._notifying is None or self._notifying.done():
            self._notifying = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        with contextlib.suppress(Exception):
            await self._store.reader.run("SELECT pg_notify(?, '')", self._channel)

    async def _listen(self) -> None:
        await self._connection.asked.answered(
            self._connection.raw.add_listener(self._channel, self._notified)
        )

    def _notified(self, *_notification: object) -> None:
        for wake in self.on_notified:
            wake()

    def lease_token(self, partition: int) -> LeaseToken:
        """Returns the fencing token for messages of a partition; never a valid one if it is not held."""
        return partition, self._held.get(partition, 0)

    async def check(
        self, sql: Sql, messages: Sequence[Identified] = ()
    ) -> tuple[frozenset[LeaseToken], list[Row | None]]:
        """Returns what is held, inside a transaction. Nobody may strike this instance off before it ends.

        It asks for prior outcomes of messages too, since each question wakes the server.

        Raises:
            StoreError: it was struck off.
        """
        held, prior_outcomes = await cast(PostgresSql, sql).held_and_prior_outcomes(
            self.instance, messages
        )
        if not held:
            raise StoreError("this instance was taken for dead", "its lease had run out", "")
        return frozenset((row[0], row[1]) for row in held), prior_outcomes

    async def _register(self, patience: float = 0.0) -> None:
        instance = Instance(self.instance, self._transport, self._lease, self.count)
        module = self._store.module
        await register(self._connection, module, instance, beat=self._beat, patience=patience)

    async def _work(self) -> None:
        while True:
            failpoint("task.leases")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._beat):
                    await self._look.wait()
            self._look.clear()
            try:
                await self._round()
                self._store.health.recovered("leases")
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                self._store.health.failed("leases", error)
                self._lost = True

    async def _round(self) -> None:
        if self._lost or not self._connection.asked.is_usable:
            await self._reconnect()
        sql = self._connection.sql
        if not await self._renew(sql):
            self._lose_all()
            self.instance = self._new_instance()
            await self._register()
        await strike_off_silent(sql, self._store.module)
        await self._release(sql)
        ids = await instance_ids(sql)
        place = ids.index(self.instance)
        target = self.count // len(ids) + (1 if place < self.count % len(ids) else 0)
        if len(self.owned) > target and not self._leaving:
            self._leave(frozenset(sorted(self.owned)[target:]))
        elif len(self.owned) < target:
            await self._claim(sql, target - len(self.owned))

    def _new_instance(self) -> str:
        """Names it by its sessions, so that others can end them."""
        return named_by(self._store.session_token, new_id())

    async def _renew(self, sql: Sql) -> bool:
        """Says that this instance lives, and sets the clock by the answer; returns False if it was struck off."""
        asked = elapsed()
        server = await renew_instance(sql, self.instance, lease=self._lease)
        if server is not None:
            self._clock.compare(server, asked=asked, answered=elapsed())
        return server is not None

    async def _claim(self, sql: Sql, wanted: int) -> None:
        claimed = dict(await claim_partitions(sql, self.instance, wanted=wanted))
        if claimed:
            self._held |= claimed
            self._change(gained=frozenset(claimed))

    def _leave(self, partitions: frozenset[int]) -> None:
        """Begins to give partitions away: begins nothing new on them and waits for what runs.

        That may take as long as a handler and its outside step, and the beat goes on meanwhile.
        """
        self.owned -= partitions
        self._leaving = partitions
        self._draining = asyncio.create_task(self._drain(partitions), name="leases:drain")

    async def _drain(self, partitions: frozenset[int]) -> None:
        await self.drain(partitions)
        self._look.set()

    async def _release(self, sql: Sql) -> None:
        """Gives away drained partitions: others may take them as soon as the database says so."""
        if self._draining is None or not self._draining.done():
            return
        if (error := _failure_of(self._draining)) is not None:
            self._leave(self._leaving)
            raise error
        lost = self._leaving.intersection(self._held)
        for partition in lost:
            del self._held[partition]
        if lost:
            self._change(lost=lost)
        for partition in self._leaving:
            await release_partition(sql, partition, self.instance)
        self._leaving, self._draining = frozenset(), None

    def _lose_all(self) -> None:
        """Treats all partitions as taken by others: work under way on them fails at its commit."""
        if self._draining is not None:
            self._draining.cancel()
        lost = frozenset(self._held)
        self._held.clear()
        self.owned, self._leaving, self._draining = frozenset(), frozenset(), None
        self._change(lost=lost)

    def _change(
        self, *, gained: frozenset[int] = frozenset(), lost: frozenset[int] = frozenset()
    ) -> None:
        self.owned = (self.owned | gained) - lost
        for notify in self.on_change:
            notify(gained, lost)

    async def _reconnect(self) -> None:
        with contextlib.suppress(Exception):
            await self._connection.close()
        self._connection = await self._store.connect(
            lock_seconds=LOCK_SECONDS, answer_seconds=_ANSWER_SECONDS
        )
        await self._listen()
        self._lost = False


def _failure_of(ended: "asyncio.Task[None]") -> BaseException | None:
    """Returns the failure of a task; what it waited for may have been cancelled, with a connection that was lost."""
    if ended.cancelled():
        return StoreError("partitions could not be given away", "what was waited for ended", "")
    return ended.exception()
