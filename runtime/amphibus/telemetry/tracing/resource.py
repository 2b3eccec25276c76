"""The process as OpenTelemetry describes it: the same for spans, metrics and log lines."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from amphibus.messages.ids import new_id

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource


def resource_of(environ: Mapping[str, str], *, app: str, modules: tuple[str, ...]) -> "Resource":
    """Returns the description of a process; the variables of OpenTelemetry hold before ours."""
    from opentelemetry.sdk.resources import Resource

    described: dict[str, Any] = {
        "service.namespace": app,
        "service.instance.id": _instance(),
        "amphibus.modules": modules,
    }
    if not environ.get("OTEL_SERVICE_NAME"):
        described["service.name"] = f"{app}-{modules[0]}" if len(modules) == 1 else app
    return Resource.create(described)


@cache
def _instance() -> str:
    return new_id()
