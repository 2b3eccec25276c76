"""Shares the work of a module out among its instances, through its PostgreSQL database.

Each instance says every `beat` seconds that it lives, by the database's clock. The partitions are
spread evenly over those that do; one that falls silent is struck off, and its partitions are free.
Every commit locks its instance's row (fencing, after Kleppmann): an instance that was struck off
while it was paused cannot commit any more, whatever it believes.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import structlog

from amphibus.errors import StoreError
from amphibus.identity import new_id
from amphibus.partitions import OnChange, Quiet, at_once
from amphibus.postgres import PostgresConnection, PostgresStore
from amphibus.signals.privacy import describe
from amphibus.sql import Sql

_log: Any = structlog.get_logger()
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
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
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

    async def check(self, sql: Sql) -> None:
        """Inside a transaction: nobody may strike this instance off before it ends.

        Raises:
            StoreError: it was struck off.
        """
        row = await sql.row(
            "SELECT 1 FROM amphibus_instance WHERE id = ? FOR KEY SHARE", self.instance
        )
        if row is None:
            raise StoreError("this instance was taken for dead", "its lease had run out", "")

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
            await asyncio.sleep(self._beat)
            try:
                await self._round()
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                _log.error("store.failed", module=self._store.module, error=describe(error))
                await self._reconnect()

    async def _round(self) -> None:
        if self._connection.raw.is_closed():
            await self._reconnect()
        sql = self._connection.sql
        alive = await sql.run(
            f"UPDATE amphibus_instance SET until = {_NOW} + ? WHERE id = ?",
            self._lease,
            self.instance,
        )
        if not alive:
            self._change(frozenset())
            self.instance = new_id()
            await self._register()
        await self._strike_off(sql)
        rows = await sql.rows("SELECT id FROM amphibus_instance ORDER BY id")
        ids = [row[0] for row in rows]
        place = ids.index(self.instance)
        target = self.count // len(ids) + (1 if place < self.count % len(ids) else 0)
        if len(self.owned) > target:
            await self._release(sql, frozenset(sorted(self.owned)[target:]))
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
            " FOR UPDATE SKIP LOCKED) RETURNING part",
            self.instance,
            wanted,
        )
        if rows:
            self._change(self.owned | {row[0] for row in rows})

    async def _release(self, sql: Sql, parts: frozenset[int]) -> None:
        self._change(self.owned - parts)
        await self.quiet(parts)
        for part in parts:
            await sql.run(
                "UPDATE amphibus_lease SET owner = NULL WHERE part = ? AND owner = ?",
                part,
                self.instance,
            )

    def _change(self, owned: frozenset[int]) -> None:
        gained, lost = owned - self.owned, self.owned - owned
        self.owned = owned
        for tell in self.on_change:
            tell(gained, lost)

    async def _reconnect(self) -> None:
        with contextlib.suppress(Exception):
            await self._connection.close()
        with contextlib.suppress(Exception):
            self._connection = await self._store.connect()
            await self._listen()
