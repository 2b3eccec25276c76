"""Deletes rows whose retention is over, in small batches, so that no write waits long behind it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from amphibus.clock import DAY, Clock
from amphibus.config.settings import RetentionSettings
from amphibus.database.accepted import prune_accepted
from amphibus.database.acting.dead import prune_dead
from amphibus.database.acting.operations import prune_operations
from amphibus.database.delayed import oldest_delayed
from amphibus.database.faults import StoreHealth
from amphibus.database.inbox import forget_bodies, prune_inbox
from amphibus.database.outbox import prune_outbox
from amphibus.database.sql import Sql
from amphibus.database.stuck_keys import find_stuck, release_stuck
from amphibus.database.timers import prune_timers
from amphibus.database.upkeep.awaited import (
    Unasked,
    destinations_other_than,
    forget_destination,
    unasked_between,
)
from amphibus.database.upkeep.remembered import Remembered
from amphibus.failpoints import failpoint
from amphibus.host.sending.receivers_word import ReceiversWord
from amphibus.messages.timeliness import clock_slack
from amphibus.supervision import Supervisor
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_log: Any = structlog.get_logger()


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
        supervisor: Supervisor,
        word: ReceiversWord,
        remembered: Remembered,
        modules: Sequence[str],
    ) -> None:
        self._module = module
        self._health = health
        self._writer = writer
        self._clock = clock
        self._settings = settings
        self._task = supervisor.task(f"retention:{module}", self._work)
        self._word = word
        self._remembered = remembered
        self._modules = modules
        self._unasked: list[Unasked] = []
        """Old messages that nobody was asked about: they were committed late."""
        self._outbox_from = 0
        """The time from which on the outbox is looked at, microseconds."""
        self._swept = 0
        """The delayed message after which the next look for stuck keys begins."""

    async def start(self) -> None:
        """Begins to clean up, now and then; not at once, since a start has better things to do."""
        await self._task.start()

    async def started(self) -> None:
        """Returns once it waits for the first time to clean up."""
        await self._task.started()

    async def stop(self) -> None:
        """Ends."""
        await self._task.stop()

    async def prune(self) -> int:
        """Deletes everything that is old enough and has arrived, batch by batch; returns the number of rows."""
        await self._word.ask()
        total = 0
        while True:
            self._unasked = []
            rows = await self._writer.submit(self._one_batch)
            if self._unasked:
                await self._word.ask_about(self._unasked)
            total += rows
            if rows < self._settings.prune_batch:
                break
            await asyncio.sleep(0)
        if total:
            _log.info("store.pruned", module=self._module, rows=total)
        return total

    async def _work(self) -> None:
        while True:
            failpoint("task.retention")
            await asyncio.sleep(self._settings.prune_every_seconds)
            try:
                await self.heal()
                await self.prune()
            except Exception as error:  # noqa: BLE001 - a full disk must not end the clean-up for ever
                self._health.failed("writer", error)

    async def _one_batch(self, transaction: Transaction) -> int:
        failpoint("prune.before")
        sql, now, batch = transaction.sql, self._clock.now(), self._settings.prune_batch
        bodies_before = now - int(self._settings.retain_days * DAY)
        rows_before = now - self._settings.dedup_window
        slack = clock_slack(self._settings.dedup_window)
        # A delayed message comes again by itself, and so may what was sent before it.
        oldest = await oldest_delayed(sql)
        if oldest is not None:
            rows_before = min(rows_before, oldest)
        pruned = (
            await forget_bodies(sql, before=bodies_before, limit=batch),
            await self._prune_dead(sql, now),
            await self._forget_receivers_that_are_no_more(sql, bodies_before, batch),
            await self._prune_outbox(sql, bodies_before, batch),
            await prune_inbox(sql, before=rows_before, slack=slack, limit=batch),
            await prune_accepted(sql, before=rows_before, limit=batch),
            await prune_timers(sql, limit=batch),
            await prune_operations(sql, before=bodies_before, limit=batch),
        )
        await self._remembered.look(sql)
        return max(pruned)

    async def _prune_dead(self, sql: Sql, now: int) -> int:
        """Gives up dead letters that nobody looked after in time; returns how many."""
        days = self._settings.dead_letter_days
        if not days:
            return 0
        before, batch = now - int(days * DAY), self._settings.prune_batch
        rows = await prune_dead(sql, before=before, now=now, limit=batch)
        if rows:
            _log.warning("message.given_up", module=self._module, times=rows)
        return rows

    async def _forget_receivers_that_are_no_more(self, sql: Sql, before: int, batch: int) -> int:
        gone = 0
        for destination in await destinations_other_than(sql, self._modules):
            rows = await forget_destination(sql, destination, before=before, limit=batch)
            if rows:
                _log.warning(
                    "outbox.no_receiver", module=self._module, destination=destination, times=rows
                )
            gone = max(gone, rows)
        return gone

    async def _prune_outbox(self, sql: Sql, before: int, batch: int) -> int:
        """Forgets what left long ago, a window at a time; returns the rows, or a batch if there may be more."""
        since = self._outbox_from
        self._unasked = await unasked_between(sql, since=since, before=before, limit=batch)
        pruned = await prune_outbox(sql, since=since, before=before, limit=batch)
        if pruned.rows:
            return batch if pruned.goes_on_from else pruned.rows
        self._outbox_from = pruned.goes_on_from
        return 0

    async def heal(self) -> None:
        """Releases messages that wait behind nothing, which should not come about and would be for ever."""
        self._swept = await self._writer.submit(self._release_some)

    async def _release_some(self, transaction: Transaction) -> int:
        sweep = await find_stuck(
            transaction.sql, after=self._swept, limit=self._settings.prune_batch
        )
        for key in sweep.keys:
            await release_stuck(transaction.sql, key, self._clock.now())
        if sweep.keys:
            _log.warning("message.released", module=self._module, times=len(sweep.keys))
        return sweep.last
