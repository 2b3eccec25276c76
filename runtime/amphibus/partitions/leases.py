"""Shares the work of a module out among its instances, through its PostgreSQL database.

Each instance says every `beat` seconds that it lives, by the database's clock. The partitions are
spread evenly over those that do; one that falls silent is struck off, and its partitions are free.
Every commit locks its instance's row (fencing, after Kleppmann): an instance that was struck off
while it was paused cannot commit any more, whatever it believes. The same statement reads what it
holds, with a token that grows at each change of hands: what was taken under another is not done.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import cast

from amphibus.database.postgres.connection import PostgresConnection
from amphibus.database.postgres.sql import PostgresSql
from amphibus.database.postgres.store import PostgresStore
from amphibus.database.sql import Identified, Sql
from amphibus.database.write_set import Row
from amphibus.errors import StoreError
from amphibus.messages.ids import new_id
from amphibus.partitions.assignment import Grip, OnChange, Quiet, at_once

_NOW = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"


class Leases:
    """The shares of one instance. Lives as long as its module is hosted."""

    def __init__(
        self,
        store: PostgresStore,
        *,
        count: int,
        transport: str,
        beat_seconds: float = 2.0,
        lease_seconds: float = 10.0,
    ) -> None:
        self.count = count
        self.owned: frozenset[int] = frozenset()
        self._held: dict[int, int] = {}
        """Each partition's token; those that are being given away are held to the end."""
        self._leaving: frozenset[int] = frozenset()
        self._quieting: asyncio.Task[None] | None = None
        self._look = asyncio.Event()
        self.on_change: list[OnChange] = []
        self.on_told: list[Callable[[], None]] = []
        self._telling: asyncio.Task[None] | None = None
        self._channel = f"amphibus.{store.module}"
        self.quiet: Quiet = at_once
        self.instance = new_id()
        self._store = store
        self._transport = transport
        self._beat = beat_seconds
        self._lease = int(lease_seconds * 1_000_000)
        self._task: asyncio.Task[None] | None = None
        self._connection: PostgresConnection
        self._lost = False
        """Whether the last round failed, so that its connection is not to be trusted."""

    async def start(self) -> None:
        """Registers this instance and takes its first partitions.

        Raises:
            StoreError: the module runs in another mode on this database.
        """
        self._connection = await self._store.connect()
        await self._register()
        await self._listen()
        await self._round()
        self._task = asyncio.create_task(self._work(), name=f"leases:{self._store.module}")

    async def stop(self) -> None:
        """Gives everything back; what ran must have ended before."""
        for task in (self._task, self._quieting):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        with contextlib.suppress(Exception):
            sql = self._connection.sql
            await sql.run("UPDATE amphibus_lease SET owner = NULL WHERE owner = ?", self.instance)
            await sql.run("DELETE FROM amphibus_instance WHERE id = ?", self.instance)
        await self._connection.close()

    def tell(self) -> None:
        """Wakes the other instances, outside every transaction, where it would make commits wait.

        What comes while one call is under way is told by the next.
        """
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        with contextlib.suppress(Exception):
            await self._store.look.run("SELECT pg_notify(?, '')", self._channel)

    async def _listen(self) -> None:
        await self._connection.raw.add_listener(self._channel, self._told)

    def _told(self, *_notification: object) -> None:
        for wake in self.on_told:
            wake()

    def grip(self, part: int) -> Grip:
        """What a message of a partition is taken under; never a valid one where it is not held."""
        return part, self._held.get(part, 0)

    async def check(
        self, sql: Sql, messages: Sequence[Identified] = ()
    ) -> tuple[frozenset[Grip], list[Row | None]]:
        """Inside a transaction: what is held. Nobody may strike this instance off before it ends.

        What stands against running messages is asked with it, since each question wakes the server.

        Raises:
            StoreError: it was struck off.
        """
        held, pasts = await cast(PostgresSql, sql).held_and_pasts(self.instance, messages)
        if not held:
            raise StoreError("this instance was taken for dead", "its lease had run out", "")
        return frozenset((row[0], row[1]) for row in held), pasts

    async def _register(self) -> None:
        sql = self._connection.sql
        await self._outlive_another_mode(sql)
        for part in range(self.count):
            await sql.run(
                "INSERT INTO amphibus_lease (part, owner, token, until) VALUES (?, NULL, 0, 0)"
                " ON CONFLICT (part) DO NOTHING",
                part,
            )
        await sql.run(
            f"INSERT INTO amphibus_instance (id, transport, until) VALUES (?, ?, {_NOW} + ?)",
            self.instance,
            self._transport,
            self._lease,
        )

    async def _outlive_another_mode(self, sql: Sql) -> None:
        """Waits for the leases of instances that died in another mode; those that live renew theirs."""
        before: dict[str, int] = {}
        while True:
            await self._strike_off(sql)
            others = await sql.rows(
                "SELECT id, until, transport FROM amphibus_instance WHERE transport <> ?",
                self._transport,
            )
            if not others:
                return
            if any(before.get(identity, until) != until for identity, until, _ in others):
                raise StoreError(
                    f"module {self._store.module} runs over {others[0][2]} on this database",
                    f"this process would run it over {self._transport}: two modes never share one",
                    "stop the other first",
                )
            before = {identity: until for identity, until, _ in others}
            await asyncio.sleep(self._beat / 2)

    async def _work(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._beat):
                    await self._look.wait()
            self._look.clear()
            try:
                await self._round()
                self._store.troubles.over("leases")
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                self._store.troubles.met("leases", error)
                self._lost = True

    async def _round(self) -> None:
        if self._lost or self._connection.raw.is_closed():
            await self._reconnect()
        sql = self._connection.sql
        alive = await sql.run(
            f"UPDATE amphibus_instance SET until = {_NOW} + ? WHERE id = ?",
            self._lease,
            self.instance,
        )
        if not alive:
            self._lose_all()
            self.instance = new_id()
            await self._register()
        await self._strike_off(sql)
        await self._release(sql)
        rows = await sql.rows("SELECT id FROM amphibus_instance ORDER BY id")
        ids = [row[0] for row in rows]
        place = ids.index(self.instance)
        target = self.count // len(ids) + (1 if place < self.count % len(ids) else 0)
        if len(self.owned) > target and not self._leaving:
            self._leave(frozenset(sorted(self.owned)[target:]))
        elif len(self.owned) < target:
            await self._claim(sql, target - len(self.owned))

    async def _strike_off(self, sql: Sql) -> None:
        """Removes instances that fell silent. Waits for a commit that is under way in one."""
        await sql.run(f"DELETE FROM amphibus_instance WHERE until < {_NOW}")
        await sql.run(
            "UPDATE amphibus_lease SET owner = NULL WHERE owner IS NOT NULL"
            " AND owner NOT IN (SELECT id FROM amphibus_instance)"
        )

    async def _claim(self, sql: Sql, wanted: int) -> None:
        rows = await sql.rows(
            "UPDATE amphibus_lease SET owner = ?, token = token + 1 WHERE part IN"
            " (SELECT part FROM amphibus_lease WHERE owner IS NULL ORDER BY part LIMIT ?"
            " FOR UPDATE SKIP LOCKED) RETURNING part, token",
            self.instance,
            wanted,
        )
        if rows:
            self._held |= {row[0]: row[1] for row in rows}
            self._change(gained=frozenset(row[0] for row in rows))

    def _leave(self, parts: frozenset[int]) -> None:
        """Begins to give partitions away: nothing new of them is begun, what runs is waited for.

        That may take as long as a handler and its outside step, and the beat goes on meanwhile.
        """
        self.owned -= parts
        self._leaving = parts
        self._quieting = asyncio.create_task(self._quieten(parts), name="leases:quiet")

    async def _quieten(self, parts: frozenset[int]) -> None:
        await self.quiet(parts)
        self._look.set()

    async def _release(self, sql: Sql) -> None:
        """Gives away what is quiet: others may take it as soon as the database says so."""
        if self._quieting is None or not self._quieting.done():
            return
        if (error := self._quieting.exception()) is not None:
            self._leave(self._leaving)
            raise error
        lost = self._leaving.intersection(self._held)
        for part in lost:
            del self._held[part]
        if lost:
            self._change(lost=lost)
        for part in self._leaving:
            await sql.run(
                "UPDATE amphibus_lease SET owner = NULL WHERE part = ? AND owner = ?",
                part,
                self.instance,
            )
        self._leaving, self._quieting = frozenset(), None

    def _lose_all(self) -> None:
        """Others have it already, perhaps: what is under way fails at its commit."""
        if self._quieting is not None:
            self._quieting.cancel()
        lost = frozenset(self._held)
        self._held.clear()
        self.owned, self._leaving, self._quieting = frozenset(), frozenset(), None
        self._change(lost=lost)

    def _change(
        self, *, gained: frozenset[int] = frozenset(), lost: frozenset[int] = frozenset()
    ) -> None:
        self.owned = (self.owned | gained) - lost
        for tell in self.on_change:
            tell(gained, lost)

    async def _reconnect(self) -> None:
        with contextlib.suppress(Exception):
            await self._connection.close()
        self._connection = await self._store.connect()
        await self._listen()
        self._lost = False
