"""The description of a process by itself: its modules, how they are, and the code that it runs."""

import asyncio
import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from amphibus import __version__
from amphibus.database.counts import WaitingCounts, waiting_counts
from amphibus.evolution.forms.form import digest, form_of
from amphibus.host.module_host import ModuleHost
from amphibus.host.wiring import ModuleServices
from amphibus.messages.contracts.amphibus.answers import (
    ContractInUse,
    ModuleInProcess,
    PausedType,
    ProcessDescription,
)
from amphibus.messages.contracts.amphibus.v1 import DescribeProcess
from amphibus.telemetry.privacy import describe

_BUILD_DIGITS = 12
_COUNT_SECONDS: Final = 1.0
"""The time that a store has to count what waits; who asks for a description waits little longer."""


class Description:
    """The description of one process. Lives as long as its host."""

    def __init__(
        self,
        around: ModuleServices,
        modules: Mapping[str, ModuleHost],
        url: Callable[[], str],
    ) -> None:
        self._around = around
        self._modules = modules
        self._url = url
        self._since = around.clock.now()
        self._looked = (time.monotonic(), time.process_time())
        self.settings_revision: Callable[[], int] = lambda: 0
        """Returns the revision of the live settings that it uses."""
        self._contracts: tuple[ContractInUse, ...] = ()
        self._counts: dict[str, WaitingCounts] = {}
        """The numbers of each module as they were when its store last answered."""

    async def __call__(self, asked: DescribeProcess) -> ProcessDescription:
        """Describes the process as it is now."""
        around = self._around
        uncounted = await self._count()
        if asked.contracts and not self._contracts:
            self._contracts = await asyncio.to_thread(self._fingerprints)
        return ProcessDescription(
            pid=os.getpid(),
            host=socket.gethostname(),
            url=self._url(),
            version=__version__,
            build=self.build,
            transport=around.transport.name,
            since=self._since,
            load=self._load(),
            state=self._state(),
            reasons=uncounted | around.health.reasons() | around.health.degraded,
            modules=tuple(
                _module(each, self._counts.get(each.name, WaitingCounts()))
                for each in list(self._modules.values())
            ),
            contracts=self._contracts if asked.contracts else (),
            settings=self.settings_revision(),
        )

    @cached_property
    def build(self) -> str:
        """The digest of its code, as it was when it was first asked for: at the start, by whoever serves it."""
        return build_of(self._around.project.root, self._modules)

    async def _count(self) -> dict[str, str]:
        """Asks all stores at once; returns a reason for each that does not answer, by its module."""
        asked = list(self._modules.values())
        said = await asyncio.gather(*map(self._counted, asked))
        return {each.name: why for each, why in zip(asked, said, strict=True) if why}

    async def _counted(self, hosted: ModuleHost) -> str:
        try:
            async with asyncio.timeout(_COUNT_SECONDS):
                self._counts[hosted.name] = await waiting_counts(hosted.store.reader)
        except Exception as error:  # noqa: BLE001 - one broken store hides neither the others nor the process
            return f"its numbers are older: its store does not answer ({describe(error)})"
        return ""

    def _load(self) -> float:
        """Returns the share of one processor that was used since the last look, of a second at least."""
        (before, used_before), now, used = self._looked, time.monotonic(), time.process_time()
        if now - before >= 1:
            self._looked = now, used
        return round((used - used_before) / max(now - before, 0.001), 3)

    def _state(self) -> str:
        health = self._around.health
        if not health.ready:
            waits = health.state == "starting" and len(health.reasons()) > 1
            return "not ready" if waits or health.state == "ready" else health.state
        return "degraded" if health.degraded else "ready"

    def _fingerprints(self) -> tuple[ContractInUse, ...]:
        contracts = self._around.topology.contracts
        return tuple(
            ContractInUse(type=name, fingerprint=digest(form_of(contracts[name])))
            for name in sorted(contracts)
        )


def build_of(root: Path, modules: Iterable[str]) -> str:
    """Returns a digest of the code of some modules and of all contracts, as it is on disk now."""
    total = hashlib.sha256()
    for path in _code(root, modules):
        total.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:_BUILD_DIGITS]


def _code(root: Path, modules: Iterable[str]) -> Iterator[Path]:
    for folder in ("contracts", *(f"modules/{name}" for name in sorted(modules))):
        # An editor may leave a link to nowhere beside what it has open.
        yield from sorted(each for each in (root / folder).rglob("*.py") if each.is_file())


def _module(hosted: ModuleHost, counts: WaitingCounts) -> ModuleInProcess:
    return ModuleInProcess(
        name=hosted.name,
        partitions=tuple(sorted(hosted.assignment.owned)),
        in_flight=hosted.receiver.in_flight,
        commits=hosted.writer.commits,
        unsent=counts.undelivered,
        delayed=counts.delayed,
        dead=counts.dead,
        timers=counts.timers,
        paused=tuple(PausedType(**each._asdict()) for each in hosted.pauses.all),
    )
