"""The wishes of whoever starts a process, in the standard variables of OpenTelemetry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from amphibus.errors import ConfigError

_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
TRACES: Final = "TRACES"
METRICS: Final = "METRICS"
LOGS: Final = "LOGS"
HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The exporters of one signal, and the protocol of the one that speaks OTLP."""

    exporters: tuple[str, ...] = ()
    protocol: str = HTTP


def wanted(environ: Mapping[str, str], signal: str = TRACES) -> Wanted:
    """Returns what the variables ask for: nothing, unless an endpoint or an exporter is named.

    Raises:
        ConfigError: they ask for what there is not.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Wanted()
    variable = f"OTEL_{signal}_EXPORTER"
    named = environ.get(variable, "").strip()
    if not named:
        endpoints = (_ENDPOINT, f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
        named = "otlp" if any(environ.get(each, "").strip() for each in endpoints) else "none"
    exporters = tuple(each.strip() for each in named.split(",") if each.strip() != "none")
    for each in exporters:
        _refuse_unless(each, ("otlp", "console", "none"), variable, signal)
    protocols = (f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", _PROTOCOL)
    protocol = next(
        (environ[each].strip() for each in protocols if environ.get(each, "").strip()), HTTP
    )
    if exporters:
        _refuse_unless(protocol, (HTTP, GRPC), _PROTOCOL, signal)
    return Wanted(exporters, protocol)


def _refuse_unless(given: str, known: tuple[str, ...], variable: str, signal: str) -> None:
    if given not in known:
        raise ConfigError(
            f"{variable} is '{given}'",
            f"{signal.lower()} go to one of {', '.join(known)}",
            f"export {variable}={known[0]}, or: unset {variable}",
        )
