"""The numbers of a process, exported every so often until its end."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from amphibus.supervision import SupervisedTask, Supervisor
from amphibus.telemetry.metrics import Meters
from amphibus.telemetry.otlp.points import metrics_of
from amphibus.telemetry.tracing.aside import aside

_PATIENCE_SECONDS: Final = 30.0


class Counting:
    """Lives as long as its process. A collector that is away costs the numbers of that time, and nothing else."""

    def __init__(self, exporters: Sequence[Any], resource: Resource, every_seconds: float) -> None:
        self._exporters = exporters
        self._resource = resource
        self._every_seconds = every_seconds
        self._began = time.time_ns()
        self._meters: Meters | None = None
        self._task: SupervisedTask | None = None

    async def follow(self, meters: Meters, supervisor: Supervisor) -> None:
        """Begins to export what these count."""
        self._meters = meters
        self._task = supervisor.task("otlp.metrics", self._keep)
        await self._task.start()

    async def end(self, seconds: float) -> None:
        """Exports the last numbers, if the collector takes them soon."""
        if self._task is not None:
            await self._task.stop()
            await self._export(seconds / 2)
        await aside(self._shut_down, seconds / 2, "otlp.metrics:end")

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._every_seconds)
            await self._export(_PATIENCE_SECONDS)

    async def _export(self, seconds: float) -> None:
        assert self._meters is not None
        await self._meters.refresh()
        metrics = metrics_of(self._meters.registry.collect(), self._began, time.time_ns())
        scope = ScopeMetrics(InstrumentationScope("amphibus"), metrics, "")
        data = MetricsData([ResourceMetrics(self._resource, [scope], "")])
        await aside(lambda: self._hand_over(data), seconds, "otlp.metrics")

    def _hand_over(self, data: MetricsData) -> None:
        for each in self._exporters:
            each.export(data)

    def _shut_down(self) -> None:
        for each in self._exporters:
            each.shutdown()
