"""Deletes rows whose retention is over, in small batches, so that no write waits long behind it."""

import asyncio
import contextlib
from typing import Any

import structlog

from amphibus.clock import SECOND, Clock
from amphibus.config.settings import RetentionSettings
from amphibus.database.faults import StoreHealth
from amphibus.failpoints import failpoint
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_log: Any = structlog.get_logger()
_DAY = 86_400 * SECOND
# Each statement finds its rows by an index or at the front of the table, so a long history costs nothing.
_BODIES = (
    "UPDATE amphibus_inbox SET body = NULL WHERE seq IN (SELECT seq FROM amphibus_inbox"
    " WHERE handled < ? AND body IS NOT NULL ORDER BY handled LIMIT ?)"
)
_OUTBOX = (
    "DELETE FROM amphibus_outbox WHERE seq IN (SELECT seq FROM amphibus_outbox o WHERE o.time < ?"
    " AND NOT EXISTS (SELECT 1 FROM amphibus_delivery d WHERE d.seq = o.seq) ORDER BY o.time LIMIT ?)"
)
_INBOX = (
    "DELETE FROM amphibus_inbox WHERE seq IN (SELECT seq FROM amphibus_inbox ORDER BY seq LIMIT ?)"
    " AND handled < ?"
)
_ACCEPTED = (
    "DELETE FROM amphibus_accepted WHERE identity IN (SELECT identity FROM amphibus_accepted"
    " WHERE accepted < ? ORDER BY accepted LIMIT ?)"
)


class Retention:
    """The clean-up of one module's database. Lives as long as the module is hosted."""

    def __init__(
        self,
        module: str,
        *,
        writer: Writer,
        health: StoreHealth,
        clock: Clock,
        settings: RetentionSettings,
    ) -> None:
        self._module = module
        self._health = health
        self._writer = writer
        self._clock = clock
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to clean up from time to time; not at once, since a start has better things to do."""
        self._task = asyncio.create_task(self._work(), name=f"retention:{self._module}")

    async def stop(self) -> None:
        """Ends."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def prune(self) -> int:
        """Deletes everything that is old enough, batch by batch; returns the number of rows."""
        total = 0
        while True:
            rows = await self._writer.submit(self._one_batch)
            total += rows
            if rows < self._settings.prune_batch:
                break
            await asyncio.sleep(0)
        if total:
            _log.info("store.pruned", module=self._module, rows=total)
        return total

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(self._settings.prune_every_seconds)
            try:
                await self.prune()
            except Exception as error:  # noqa: BLE001 - a full disk must not end the clean-up for ever
                self._health.failed("writer", error)

    async def _one_batch(self, transaction: Transaction) -> int:
        failpoint("prune.before")
        sql, now, batch = transaction.sql, self._clock.now(), self._settings.prune_batch
        bodies_before = now - int(self._settings.retain_days * _DAY)
        rows_before = now - int(self._settings.inbox_retention_days * _DAY)
        # A delayed or dead message may come again, and so may messages sent before it.
        oldest = await sql.row(
            "SELECT min(oldest) FROM (SELECT min(received) AS oldest FROM amphibus_delayed"
            " UNION ALL SELECT min(received) FROM amphibus_dead) AS waiting"
        )
        if oldest is not None and oldest[0] is not None:
            rows_before = min(rows_before, oldest[0])
        pruned = (
            await sql.run(_BODIES, bodies_before, batch),
            await sql.run(_OUTBOX, bodies_before, batch),
            await sql.run(_INBOX, batch, rows_before),
            await sql.run(_ACCEPTED, rows_before, batch),
        )
        return max(pruned)
