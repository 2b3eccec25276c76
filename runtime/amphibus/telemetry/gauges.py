"""The numbers that modules are asked for when somebody looks: what waits, what is kept, who has it."""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

Numbers = Mapping[str, float]

GAUGES: Final[Mapping[str, str]] = {
    "outbox_depth": "Messages that are not safe at every destination yet.",
    "outbox_oldest_seconds": "Age of the oldest of them.",
    "delayed": "Messages that wait for a retry or behind one.",
    "dead_letters": "Messages that used up their retries, or that nobody could read.",
    "in_flight": "Messages that are being handled.",
    "timers": "Deadlines that are armed.",
    "later": "Commands that are sent when they are due.",
    "partitions": "Partitions of which this instance has the work.",
    "awaited": "Messages that left, and of which a receiver has not said yet that it has them.",
}
"""The numbers that a module is asked for on each scrape; exposed as `amphibus_<name>{module}`.

Beside them stand `processes <process>/<state>`, exposed as `amphibus_processes{module,process,state}`, and
`outbox_waiting <destination>`, exposed as `amphibus_outbox_waiting{module,destination}`.
"""

COUNTS: Final[Mapping[str, str]] = {
    "commits": "Transactions that were committed.",
    "commit_units": "Units of work in them: divided by the commits, the size of a group commit.",
}
"""The numbers of a module that only grow; exposed as `amphibus_<name>_total{module}`."""


class StoreNumbers(Collector):
    """The latest answer of each module's store; None for a store that could not be asked."""

    def __init__(self, numbers: Mapping[str, Numbers | None]) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        """Yields every number of every module; leaves out a module that cannot answer."""
        gauges: dict[str, Metric] = {
            name: GaugeMetricFamily(f"amphibus_{name}", says, labels=("module",))
            for name, says in GAUGES.items()
        }
        for name, says in COUNTS.items():
            gauges[name] = CounterMetricFamily(f"amphibus_{name}", says, labels=("module",))
        gauges["processes"] = GaugeMetricFamily(
            "amphibus_processes",
            "Processes that have not ended, by their states.",
            labels=("module", "process", "state"),
        )
        gauges["outbox_waiting"] = GaugeMetricFamily(
            "amphibus_outbox_waiting",
            "Messages that are not safe at a destination yet.",
            labels=("module", "destination"),
        )
        answers = GaugeMetricFamily(
            "amphibus_store_answers",
            "Whether the module's store could be asked.",
            labels=("module",),
        )
        for module, found in self._numbers.items():
            answers.add_metric([module], 0 if found is None else 1)
            for name, value in (found or {}).items():
                gauge, _, more = name.partition(" ")
                labels = [module, *more.split("/", 1)] if more else [module]
                gauges[gauge].add_metric(labels, value)  # type: ignore[attr-defined]
        yield answers
        yield from gauges.values()
