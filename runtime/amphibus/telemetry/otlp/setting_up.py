"""Switches metrics and log lines by OTLP on, as the standard `OTEL_` variables say."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, Final

from amphibus.errors import ConfigError
from amphibus.supervision import Supervisor
from amphibus.telemetry.recent_lines import RecentLines
from amphibus.telemetry.tracing.aside import aside
from amphibus.telemetry.tracing.past_proxies import over_grpc, over_http
from amphibus.telemetry.tracing.wanted import GRPC, LOGS, METRICS, Wanted, wanted

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk.resources import Resource

    from amphibus.telemetry.metrics import Meters
    from amphibus.telemetry.otlp.counting import Counting

_END_SECONDS: Final = 2.0
_INTERVAL: Final = "OTEL_METRIC_EXPORT_INTERVAL"
_EVERY_MILLISECONDS: Final = "60000"


class Exporting:
    """The metrics and the log lines that a process exports, until its end."""

    def __init__(
        self,
        counting: "Counting | None",
        lines: "LoggerProvider | None",
        recent: RecentLines,
    ) -> None:
        self._counting = counting
        self._lines = lines
        self._recent = recent

    async def follow(self, meters: "Meters", supervisor: Supervisor) -> None:
        """Begins with the metrics, if they are wanted."""
        if self._counting is not None:
            await self._counting.follow(meters, supervisor)

    async def end(self) -> None:
        """Exports what is left, if the collector takes it soon: metrics and lines at once."""
        self._recent.also = None
        ends: list[Awaitable[object]] = []
        if self._counting is not None:
            ends.append(self._counting.end(_END_SECONDS))
        if self._lines is not None:
            ends.append(aside(self._lines.shutdown, _END_SECONDS, "otlp.logs:end"))
        await asyncio.gather(*ends)


def set_up(
    environ: Mapping[str, str], recent: RecentLines, *, app: str, modules: tuple[str, ...]
) -> Exporting:
    """Switches on what the variables ask for. Without one, nothing is imported.

    Raises:
        ConfigError: they ask for what there is not, or for what is not installed.
    """
    metrics, logs = wanted(environ, METRICS), wanted(environ, LOGS)
    if not metrics.exporters and not logs.exporters:
        return Exporting(None, None, recent)
    try:
        from amphibus.telemetry.tracing.resource import resource_of

        resource = resource_of(environ, app=app, modules=modules)
        counting = _counting(metrics, environ, resource) if metrics.exporters else None
        return Exporting(counting, _lines(logs, resource, recent), recent)
    except ImportError as error:
        raise ConfigError(
            "the OTEL_ variables ask for metrics or logs, and OpenTelemetry is not installed",
            f"{error.name} is missing",
            "pip install 'amphibus[otel]', or: export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none",
        ) from None


def _counting(asked: Wanted, environ: Mapping[str, str], resource: "Resource") -> "Counting":
    from amphibus.telemetry.otlp.counting import Counting

    text = environ.get(_INTERVAL, "").strip() or _EVERY_MILLISECONDS
    if not text.isdecimal() or not int(text):
        raise ConfigError(
            f"{_INTERVAL} is '{text}'",
            "it takes milliseconds, as a whole number",
            f"export {_INTERVAL}={_EVERY_MILLISECONDS}",
        )
    exporters = [_of_metrics(each, asked) for each in asked.exporters]
    return Counting(exporters, resource, int(text) / 1_000)


def _lines(asked: Wanted, resource: "Resource", recent: RecentLines) -> "LoggerProvider | None":
    if not asked.exporters:
        return None
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    from amphibus.telemetry.otlp.lines import ExportedLines

    provider = LoggerProvider(resource, shutdown_on_exit=False)
    for each in asked.exporters:
        provider.add_log_record_processor(BatchLogRecordProcessor(_of_lines(each, asked)))
    recent.also = ExportedLines(provider)
    return provider


def _of_metrics(name: str, asked: Wanted) -> Any:
    if name == "console":
        from opentelemetry.sdk.metrics.export import ConsoleMetricExporter

        return ConsoleMetricExporter()
    if asked.protocol == GRPC:
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (
            OTLPMetricExporter as OverGrpc,
        )

        return OverGrpc(**over_grpc(asked))
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

    return OTLPMetricExporter(**over_http(asked))


def _of_lines(name: str, asked: Wanted) -> Any:
    if name == "console":
        from opentelemetry.sdk._logs.export import ConsoleLogRecordExporter

        return ConsoleLogRecordExporter()
    if asked.protocol == GRPC:
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import (
            OTLPLogExporter as OverGrpc,
        )

        return OverGrpc(**over_grpc(asked))
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

    return OTLPLogExporter(**over_http(asked))
