"""Forgets what need not be remembered, in small batches, so that a write never waits long behind it."""

import asyncio
import contextlib
from typing import Any

import structlog

from amphibus.clock import SECOND, Clock
from amphibus.config.settings import RetentionSettings
from amphibus.database.accepted import prune_accepted
from amphibus.database.delayed import oldest_waiting
from amphibus.database.faults import StoreHealth
from amphibus.database.inbox import forget_bodies, prune_inbox
from amphibus.database.outbox import prune_outbox
from amphibus.failpoints import failpoint
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_log: Any = structlog.get_logger()
_DAY = 86_400 * SECOND


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
        """Begins to clean up, now and then; not at once, since a start has better things to do."""
        self._task = asyncio.create_task(self._work(), name=f"retention:{self._module}")

    async def stop(self) -> None:
        """Ends."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def prune(self) -> int:
        """Forgets everything that is old enough, batch by batch; returns the number of rows."""
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
        # A message that is still delayed or dead may come again, and so may what was sent before it.
        oldest = await oldest_waiting(sql)
        if oldest is not None:
            rows_before = min(rows_before, oldest)
        pruned = (
            await forget_bodies(sql, before=bodies_before, limit=batch),
            await prune_outbox(sql, before=bodies_before, limit=batch),
            await prune_inbox(sql, before=rows_before, limit=batch),
            await prune_accepted(sql, before=rows_before, limit=batch),
        )
        return max(pruned)
