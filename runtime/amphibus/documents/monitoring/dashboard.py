"""A dashboard for Grafana: traffic, errors, latency and saturation of every module, and what waits where."""

from dataclasses import dataclass
from typing import Any, Final

from amphibus.documents.monitoring.alerts import PREFIX

_WIDE: Final = 24
_HEIGHT: Final = 8
_A_ROW: Final = 3


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    """Each an expression and the legend of its lines."""


def _quantile(metric: str, by: str, quantile: float = 0.95) -> str:
    return f"histogram_quantile({quantile}, sum by ({by}, le) (rate({metric}_bucket[5m])))"


def _rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}[5m]))"


_BY_TYPE: Final = "{{module}} {{type}}"
_BY_MODULE: Final = "{{module}}"
PANELS: Final = (
    Panel(
        "Messages handled",
        "ops",
        ((_rate("amphibus_handled_total", "module, type"), _BY_TYPE),),
    ),
    Panel(
        "Requests",
        "reqps",
        ((_rate("amphibus_http_requests_total", "route, status"), "{{route}} {{status}}"),),
    ),
    Panel(
        "Group commits: units in one",
        "short",
        (
            (
                f"{_rate('amphibus_commit_units_total', 'module')} / {_rate('amphibus_commits_total', 'module')}",
                _BY_MODULE,
            ),
        ),
    ),
    Panel(
        "Refused, retried, delayed, dead",
        "ops",
        tuple(
            (_rate(f"amphibus_{each}_total", "module, type"), f"{each} {_BY_TYPE}")
            for each in ("refused", "retried", "delayed", "died")
        ),
    ),
    Panel(
        "Requests that fail",
        "reqps",
        (('sum by (route) (rate(amphibus_http_requests_total{status=~"5.."}[5m]))', "{{route}}"),),
    ),
    Panel("Dead letters", "short", (("max by (module) (amphibus_dead_letters)", _BY_MODULE),)),
    Panel(
        "From sender to handled, p95",
        "s",
        ((_quantile("amphibus_end_to_end_seconds", "module, type"), _BY_TYPE),),
    ),
    Panel(
        "Handler, p95",
        "s",
        ((_quantile("amphibus_handler_seconds", "module, type"), _BY_TYPE),),
    ),
    Panel(
        "Requests, p95", "s", ((_quantile("amphibus_http_seconds", "method, route"), "{{route}}"),)
    ),
    Panel(
        "Outbox: waiting, by destination",
        "short",
        (
            (
                "max by (module, destination) (amphibus_outbox_waiting)",
                "{{module}} to {{destination}}",
            ),
        ),
    ),
    Panel(
        "Outbox: age of the oldest",
        "s",
        (("max by (module) (amphibus_outbox_oldest_seconds)", _BY_MODULE),),
    ),
    Panel(
        "In flight, delayed",
        "short",
        (
            ("sum by (module) (amphibus_in_flight)", f"in flight {_BY_MODULE}"),
            (f"max by (module) ({PREFIX}delayed)", f"delayed {_BY_MODULE}"),
        ),
    ),
    Panel(
        "Partitions held",
        "short",
        (("sum by (module, instance) (amphibus_partitions)", "{{module}} {{instance}}"),),
    ),
    Panel(
        "Event loop: late by",
        "s",
        (("max by (instance) (amphibus_loop_lag_seconds)", "{{instance}}"),),
    ),
    Panel(
        "Processor and memory",
        "short",
        (
            ("rate(process_cpu_seconds_total[1m])", "cores {{instance}}"),
            ("process_resident_memory_bytes / 1e9", "GB {{instance}}"),
        ),
    ),
)


def dashboard(app: str) -> dict[str, Any]:
    """Returns the dashboard of an application, to be imported; it asks for its Prometheus."""
    return {
        "title": f"{app} (Amphibus)",
        "uid": f"amphibus-{app}"[:40],
        "tags": ["amphibus"],
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "prometheus", "type": "datasource", "query": "prometheus"},
            ]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    width = _WIDE // _A_ROW
    source = {"type": "prometheus", "uid": "${prometheus}"}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": source,
        "gridPos": {
            "h": _HEIGHT,
            "w": width,
            "x": number % _A_ROW * width,
            "y": number // _A_ROW * _HEIGHT,
        },
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": source,
                "expr": expr,
                "legendFormat": how,
            }
            for place, (expr, how) in enumerate(panel.queries)
        ],
    }
