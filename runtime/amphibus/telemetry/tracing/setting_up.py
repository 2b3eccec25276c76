"""Switches the spans of a process on, as the standard `OTEL_` variables say, and off again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from amphibus.errors import ConfigError
from amphibus.messages import ids
from amphibus.telemetry.tracing import switch
from amphibus.telemetry.tracing.aside import aside
from amphibus.telemetry.tracing.past_proxies import over_grpc, over_http
from amphibus.telemetry.tracing.wanted import GRPC, Wanted, wanted

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_END_SECONDS: Final = 2.0


class Tracing:
    """The spans of one process, until its end."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider

    async def end(self) -> None:
        """Exports what is left, if the collector takes it soon."""
        switch.spans = ids.sampled = None
        await aside(self._provider.shutdown, _END_SECONDS, "traces:end")


async def end(tracing: Tracing | None) -> None:
    """Ends the spans of a process, if it has any."""
    if tracing is not None:
        await tracing.end()


def set_up(environ: Mapping[str, str], *, app: str, modules: tuple[str, ...]) -> Tracing | None:
    """Switches the spans on, if a variable asks for them. Without one, nothing is imported.

    Raises:
        ConfigError: they ask for what there is not, or for what is not installed.
    """
    asked = wanted(environ)
    if not asked.exporters:
        return None
    try:
        provider = _provider(asked, environ, app=app, modules=modules)
    except ImportError as error:
        raise ConfigError(
            "the OTEL_ variables ask for traces, and OpenTelemetry is not installed",
            f"{error.name} is missing",
            "pip install 'amphibus[otel]', or: unset OTEL_EXPORTER_OTLP_ENDPOINT OTEL_TRACES_EXPORTER",
        ) from None
    return Tracing(provider)


def _provider(
    asked: Wanted, environ: Mapping[str, str], *, app: str, modules: tuple[str, ...]
) -> "TracerProvider":
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from amphibus.telemetry.tracing.chosen_ids import ChosenIds
    from amphibus.telemetry.tracing.resource import resource_of
    from amphibus.telemetry.tracing.spans import Spans

    chosen = ChosenIds()
    # The sampler is the one that OTEL_TRACES_SAMPLER names, by its default one that asks the parent.
    provider = TracerProvider(
        resource=resource_of(environ, app=app, modules=modules),
        id_generator=chosen,
        shutdown_on_exit=False,
    )
    for each in asked.exporters:
        provider.add_span_processor(BatchSpanProcessor(_exporter(each, asked)))
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(provider)  # for what handlers and libraries trace themselves
    decide = provider.sampler.should_sample
    ids.sampled = lambda trace_id: _is_sampled(decide(None, trace_id, app))
    switch.spans = Spans(provider, chosen)
    return provider


def _is_sampled(result: Any) -> bool:
    return bool(result.decision.is_sampled())


def _exporter(name: str, asked: Wanted) -> Any:
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    if asked.protocol == GRPC:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
            OTLPSpanExporter as OverGrpc,
        )

        return OverGrpc(**over_grpc(asked))
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(**over_http(asked))
