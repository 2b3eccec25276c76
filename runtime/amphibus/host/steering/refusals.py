"""Writes what was refused at the door of a module into its audit, once a minute and at the end."""

import asyncio
import contextlib
from collections import Counter
from functools import partial
from typing import Final

from amphibus.access.refusal_counts import Refusal, RefusalCounts
from amphibus.clock import Clock
from amphibus.database.acting.audit import note_act, refused
from amphibus.database.store import Store
from amphibus.supervision import Supervisor
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_LOOK_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 0.4
"""Less than a host has for the stop of all that takes work in."""


class RefusalNotes:
    """A `Service`: the refusals of one module. `counts` is where its doors count them."""

    def __init__(
        self,
        store: Store,
        counts: RefusalCounts,
        *,
        writer: Writer,
        clock: Clock,
        supervisor: Supervisor,
    ) -> None:
        self.counts = counts
        self._writer = writer
        self._health = store.health
        self._clock = clock
        self._task = supervisor.task(f"refusals:{store.module}", self._work)

    async def start(self) -> None:
        """Begins to look."""
        await self._task.start()

    async def started(self) -> None:
        """Returns once it looks."""
        await self._task.started()

    async def stop(self) -> None:
        """Ends, once what was counted is written; a database that does not answer is not waited for."""
        await self._task.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self.write()

    async def write(self) -> None:
        """Writes what was counted since the last look; what cannot be written now is kept for the next."""
        if not self.counts:
            return
        taken = self.counts.take()
        try:
            await self._writer.submit(partial(_note, taken, self._clock.now()))
        except Exception as error:  # noqa: BLE001 - whatever it is, it could not be written
            self._health.failed("writer", error)
            self.counts.put_back(taken)

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.write()


async def _note(taken: Counter[Refusal], now: int, transaction: Transaction) -> None:
    for each, times in taken.items():
        await note_act(transaction.sql, refused(each, now, times))
