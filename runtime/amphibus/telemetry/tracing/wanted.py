"""The wishes of whoever starts a process, in the standard variables of OpenTelemetry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from amphibus.errors import ConfigError

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The exporters of traces, and the protocol of the one that speaks OTLP."""

    exporters: tuple[str, ...] = ()
    protocol: str = HTTP


def wanted(environ: Mapping[str, str]) -> Wanted:
    """Returns what the variables ask for: nothing, unless an endpoint or an exporter is named.

    Raises:
        ConfigError: they ask for what there is not.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Wanted()
    named = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    if not named:
        named = "otlp" if any(environ.get(each, "").strip() for each in _ENDPOINTS) else "none"
    exporters = tuple(each.strip() for each in named.split(",") if each.strip() != "none")
    for each in exporters:
        _refuse_unless(each, ("otlp", "console", "none"), "OTEL_TRACES_EXPORTER")
    protocol = next(
        (environ[each].strip() for each in _PROTOCOLS if environ.get(each, "").strip()), HTTP
    )
    if exporters:
        _refuse_unless(protocol, (HTTP, GRPC), _PROTOCOLS[1])
    return Wanted(exporters, protocol)


def _refuse_unless(given: str, known: tuple[str, ...], variable: str) -> None:
    if given not in known:
        raise ConfigError(
            f"{variable} is '{given}'",
            f"traces go to one of {', '.join(known)}",
            f"export {variable}={known[0]}, or: unset {variable}",
        )
