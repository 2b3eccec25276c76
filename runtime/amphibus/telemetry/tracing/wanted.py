"""The wishes of whoever starts a process, in the standard variables of OpenTelemetry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from amphibus.errors import ConfigError

_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
_HERE: Final = frozenset(("localhost", "127.0.0.1", "::1"))
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
    here: bool = False
    """The collector is on this machine, to which no proxy is a way."""


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
    protocol = _first(environ, f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", _PROTOCOL) or HTTP
    if exporters:
        _refuse_unless(protocol, (HTTP, GRPC), _PROTOCOL, signal)
    endpoint = _first(environ, f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", _ENDPOINT)
    return Wanted(exporters, protocol, bool(exporters) and _is_here(endpoint))


def _first(environ: Mapping[str, str], *names: str) -> str:
    """Returns the first of some variables that says anything."""
    return next((environ[each].strip() for each in names if environ.get(each, "").strip()), "")


def _is_here(endpoint: str) -> bool:
    """Returns whether a collector is on this machine, as it is where none is named."""
    place = endpoint if "://" in endpoint else f"//{endpoint}"
    try:
        return not endpoint or urlsplit(place).hostname in _HERE
    except ValueError:
        return False


def _refuse_unless(given: str, known: tuple[str, ...], variable: str, signal: str) -> None:
    if given not in known:
        raise ConfigError(
            f"{variable} is '{given}'",
            f"{signal.lower()} go to one of {', '.join(known)}",
            f"export {variable}={known[0]}, or: unset {variable}",
        )
