"""Finds out again and again whether a module can do what it promises, so that `/readyz` is true within seconds.

A store that failed is tried with a small write until one succeeds: while the process is not ready,
nobody sends it requests that would show it. A module without a partition handles nothing; the
gateway accepts all the same, and what it accepts leaves by who has the partition.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Final

from amphibus.database.facts import note_fact
from amphibus.database.faults import StoreHealth
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.routing.topology import GATEWAY
from amphibus.supervision import Supervisor
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_LOOK_SECONDS: Final = 1.0
_WITHOUT_SECONDS: Final = 2.0
"""The time that a module may be without partitions while they change hands."""
_PROBE_BYTES: Final = 16_384
"""About a large message: a disk may have room for a few bytes and for nothing of use."""
_GAP: Final = "it has no partition: other instances have all of them, or nobody can take any"


class Readiness:
    """A `Service`: looks after one module's part of the health, once a second."""

    def __init__(
        self,
        module: str,
        *,
        writer: Writer,
        health: StoreHealth,
        assignment: PartitionAssignment,
        tell: Callable[[str], None],
        supervisor: Supervisor,
    ) -> None:
        self._needs_partition = module != GATEWAY
        self._writer = writer
        self._health = health
        self._assignment = assignment
        self._tell = tell
        self._had_one_at = 0.0
        self._task = supervisor.task(f"readiness:{module}", self._work)

    async def start(self) -> None:
        """Begins to look."""
        self._had_one_at = time.monotonic()
        await self._task.start()

    async def started(self) -> None:
        """Returns once it looks."""
        await self._task.started()

    async def stop(self) -> None:
        """Ends."""
        await self._task.stop()
        self._tell("")

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._look_at_partitions()
            if self._health.cannot_write:
                await self.probe()

    async def probe(self) -> None:
        """Writes something small; the store can be used again if that succeeds."""
        try:
            await self._writer.submit(_note_probe)
        except Exception as error:  # noqa: BLE001 - whatever it is, it could not be written
            self._health.failed("probe", error)
        else:
            self._health.writes()

    def _look_at_partitions(self) -> None:
        now = time.monotonic()
        if self._assignment.owned or not self._needs_partition:
            self._had_one_at = now
        self._tell(_GAP if now - self._had_one_at > _WITHOUT_SECONDS else "")


async def _note_probe(transaction: Transaction) -> None:
    await note_fact(transaction.sql, "probe", secrets.token_hex(_PROBE_BYTES // 2))
