"""The alerts: each says in one sentence what is wrong; docs/operations.md says what it means and what to type."""

from dataclasses import dataclass
from typing import Final

RUNBOOK: Final = "docs/operations.md"
PREFIX: Final = "amphibus_"
"""The beginning of our metrics; one of them has the name of a table."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of Prometheus."""

    name: str
    expr: str
    lasts: str
    """The time for which it must hold before somebody is woken."""
    severity: str
    says: str


ALERTS: Final = (
    Alert(
        "AmphibusDeadLetters",
        "sum by (module, type) (increase(amphibus_died_total[10m])) > 0",
        "0m",
        "warning",
        "Messages of {{ $labels.type }} became dead letters in {{ $labels.module }}.",
    ),
    Alert(
        "AmphibusOutboxOld",
        "max by (module) (amphibus_outbox_oldest_seconds) > 60",
        "1m",
        "critical",
        "The oldest message of {{ $labels.module }} has waited for {{ $value }} s to be delivered.",
    ),
    Alert(
        "AmphibusOutboxGrows",
        "max by (module, destination) (amphibus_outbox_waiting) > 1000"
        " and max by (module, destination) (deriv(amphibus_outbox_waiting[10m])) > 0",
        "10m",
        "warning",
        "{{ $value }} messages of {{ $labels.module }} wait for {{ $labels.destination }}, more and more.",
    ),
    Alert(
        "AmphibusDelayed",
        f"max by (module) ({PREFIX}delayed) > 100",
        "10m",
        "warning",
        "{{ $value }} messages of {{ $labels.module }} wait for a retry.",
    ),
    Alert(
        "AmphibusSlow",
        "histogram_quantile(0.95, sum by (module, type, le)"
        " (rate(amphibus_end_to_end_seconds_bucket[5m]))) > 10",
        "5m",
        "warning",
        "{{ $labels.type }} is handled by {{ $labels.module }} {{ $value }} s after it was sent (p95).",
    ),
    Alert(
        "AmphibusHttpErrors",
        'sum by (route) (rate(amphibus_http_requests_total{status=~"5.."}[5m]))'
        " / sum by (route) (rate(amphibus_http_requests_total[5m])) > 0.02",
        "5m",
        "critical",
        "More than 2 % of the requests to {{ $labels.route }} fail.",
    ),
    Alert(
        "AmphibusStoreAway",
        "min by (module) (amphibus_store_answers) == 0",
        "1m",
        "critical",
        "The database of {{ $labels.module }} does not answer.",
    ),
    Alert(
        "AmphibusPartitionsIdle",
        "sum by (module) (amphibus_partitions) == 0",
        "2m",
        "critical",
        "No instance of {{ $labels.module }} has any partition: nothing is handled.",
    ),
    Alert(
        "AmphibusLoopLate",
        "max by (instance) (amphibus_loop_lag_seconds) > 0.5",
        "5m",
        "warning",
        "The event loop of {{ $labels.instance }} is late by {{ $value }} s.",
    ),
    Alert(
        "AmphibusTaskRestarts",
        "sum by (instance, task) (increase(amphibus_task_restarts_total[10m])) > 3",
        "0m",
        "warning",
        "The task {{ $labels.task }} of {{ $labels.instance }} fails again and again.",
    ),
    Alert(
        "AmphibusWithoutBroker",
        'sum by (module) (increase(amphibus_way_changes_total{way="direct"}[10m])) > 0',
        "0m",
        "warning",
        "Messages of {{ $labels.module }} go directly, since the broker is away.",
    ),
    Alert(
        "AmphibusUnknownBroker",
        "sum by (module) (increase(amphibus_unknown_brokers_total[10m])) > 0",
        "0m",
        "warning",
        "{{ $labels.module }} found a broker that has lost what it had, or another one in its place.",
    ),
)


def runbook_of(alert: Alert) -> str:
    """Returns the place that says what an alert means and what to type."""
    return f"{RUNBOOK}#{alert.name.lower()}"
