"""The counters and gauges, for Prometheus, on a registry of the process's own."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as with_examples

from amphibus.messages.failure import FailedMessage
from amphibus.telemetry.gauges import Numbers, StoreNumbers
from amphibus.telemetry.tracing import switch

_KEPT_FAILURES: Final = 5
_ANSWER_SECONDS: Final = 3.0
"""The time that a store has for its numbers: a scrape is given up after ten seconds as a rule."""
OPENMETRICS_TYPE: Final = OPENMETRICS
_SAMPLED: Final = "01"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0),
)
_HTTP_SECONDS: Final = _SECONDS[:12]


class Meters:
    """Counts for one process. Plain calls from its event loop, a few microseconds each.

    Label values are contract types, module names and route paths: all known beforehand, so their
    number is bounded and none holds personal data.
    """

    def __init__(self) -> None:
        # Without this, each counter would also export the time of its first count.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        self.last_failures: deque[FailedMessage] = deque(maxlen=_KEPT_FAILURES)
        """For whoever asks this process, as a test does; the databases keep what must not be lost."""
        self._watched: dict[str, Callable[[], Awaitable[Numbers]]] = {}
        self._numbers: dict[str, Numbers | None] = {}
        self._by_type: dict[tuple[str, str], _OfType] = {}
        self._by_route: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._counters = {
            name: Counter(f"amphibus_{name}", says, ("module", "type"), registry=self.registry)
            for name, says in _COUNTERS.items()
        }
        self._handler = self._histogram(
            "handler_seconds", "From its begin to the commit.", "module", "type"
        )
        self._end_to_end = self._histogram(
            "end_to_end_seconds", "From the sender's commit to the receiver's.", "module", "type"
        )
        self._http = Counter(
            "amphibus_http_requests",
            "Requests.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._http_seconds = Histogram(
            "amphibus_http_seconds",
            "From the request's head to the answer's last byte.",
            ("method", "route"),
            buckets=_HTTP_SECONDS,
            registry=self.registry,
        )
        self._task_restarts = Counter(
            "amphibus_task_restarts",
            "Long-lived tasks that ended by an error and were begun again.",
            ("task",),
            registry=self.registry,
        )
        self._requests = Counter(
            "amphibus_requests",
            "Queries and decided commands asked in the distributed mode, by their way: direct or broker.",
            ("way",),
            registry=self.registry,
        )
        self._strangers = Counter(
            "amphibus_direct_refused",
            "Strangers at the direct endpoint that were hung up on: late, crowded or wrong.",
            ("why",),
            registry=self.registry,
        )
        self._way_changes = Counter(
            "amphibus_way_changes",
            "Changes of the way that a module's messages take, by the new one: direct or broker.",
            ("module", "way"),
            registry=self.registry,
        )
        self._unknown_brokers = Counter(
            "amphibus_unknown_brokers",
            "Times that a module found a broker which is not the one that has its messages, or has lost them.",
            ("module",),
            registry=self.registry,
        )
        self._blocked = Counter(
            "amphibus_loop_blocked",
            "Times that the event loop was blocked for longer than bus.blocked_after_seconds.",
            registry=self.registry,
        )
        self._blocked_seconds = Counter(
            "amphibus_loop_blocked_seconds", "For so long all told.", registry=self.registry
        )
        self.loop_lag = Gauge(
            "amphibus_loop_lag_seconds",
            "The most by which the event loop was late of late.",
            registry=self.registry,
        )
        """Told by whoever watches the loop, by `set_function`."""
        self.registry.register(StoreNumbers(self._numbers))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def handled(
        self,
        module: str,
        message: str,
        handler_seconds: float,
        end_to_end_seconds: float,
        trace: str = "",
    ) -> None:
        """Counts a message whose transaction is committed; its trace stands beside the times, if it has spans."""
        counts, example = self._of(module, message), _example(trace)
        counts.handled.inc()
        counts.handler.observe(handler_seconds, example)
        counts.end_to_end.observe(max(0.0, end_to_end_seconds), example)

    def repeated(self, module: str, message: str) -> None:
        """Counts a message that was handled before."""
        self._of(module, message).repeated.inc()

    def refused(self, module: str, message: str) -> None:
        """Counts a message that its owner refused for a business reason."""
        self._of(module, message).refused.inc()

    def retried(self, module: str, message: str) -> None:
        """Counts a message that failed and is retried at once."""
        self._of(module, message).retried.inc()

    def delayed(self, module: str, message: str) -> None:
        """Counts a message that failed and waits for a delayed retry."""
        self._of(module, message).delayed.inc()

    def died(self, module: str, message: str) -> None:
        """Counts a message that became a dead letter."""
        self._of(module, message).died.inc()

    def task_restarted(self, task: str) -> None:
        """A long-lived task ended by an error and is begun again."""
        self._task_restarts.labels(task).inc()

    def asked(self, way: str) -> None:
        """Counts a request by its way: `direct` or `broker`."""
        self._requests.labels(way).inc()

    def stranger(self, why: str) -> None:
        """Counts a stranger at the direct endpoint that was hung up on: `late`, `crowded` or `wrong`."""
        self._strangers.labels(why).inc()

    def changed_way(self, module: str, way: str) -> None:
        """Counts a change of the way of a module's messages, by the new one: `direct` or `broker`."""
        self._way_changes.labels(module, way).inc()

    def unknown_broker(self, module: str) -> None:
        """Counts a broker that is not the one which has a module's messages."""
        self._unknown_brokers.labels(module).inc()

    def loop_blocked(self, seconds: float) -> None:
        """Counts a time in which the event loop stood still."""
        self._blocked.inc()
        self._blocked_seconds.inc(seconds)

    def served(self, method: str, route: str, status: int, seconds: float, trace: str = "") -> None:
        """Counts an answered HTTP request; `route` is the declared path, never the requested one."""
        key = (method, route, status)
        found = self._by_route.get(key)
        if found is None:
            found = self._by_route[key] = (
                self._http.labels(method, route, str(status)),
                self._http_seconds.labels(method, route),
            )
        found[0].inc()
        found[1].observe(seconds, _example(trace))

    def watch(self, module: str, numbers: Callable[[], Awaitable[Numbers]]) -> None:
        """Asks `numbers` for some of `GAUGES` on each scrape; the last function given for a module holds."""
        self._watched[module] = numbers

    def unwatch(self, module: str) -> None:
        """Stops asking, for a module that was stopped."""
        self._watched.pop(module, None)

    async def exposition(self, *, openmetrics: bool = False) -> bytes:
        """Returns everything in Prometheus' text format, or as OpenMetrics, which has the examples of traces too."""
        await self.refresh()
        if openmetrics:
            return bytes(with_examples(self.registry))  # type: ignore[no-untyped-call]
        return generate_latest(self.registry)

    async def refresh(self) -> None:
        """Asks all stores at once for their numbers."""
        modules = list(self._watched)
        numbers = await asyncio.gather(*(_answered(self._watched[each]) for each in modules))
        found = dict(zip(modules, numbers, strict=True))
        # Exchanged at once, so that two simultaneous scrapes both see everything.
        self._numbers.clear()
        self._numbers.update(found)

    def _of(self, module: str, message: str) -> "_OfType":
        found = self._by_type.get((module, message))
        if found is None:
            found = self._by_type[(module, message)] = _OfType(self, module, message)
        return found

    def _histogram(self, name: str, says: str, *labels: str) -> Histogram:
        return Histogram(f"amphibus_{name}", says, labels, buckets=_SECONDS, registry=self.registry)


async def _answered(ask: Callable[[], Awaitable[Numbers]]) -> Numbers | None:
    """Returns the numbers of a store; None of one that is broken or late, which must not hide the others."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await ask()
    except Exception:  # noqa: BLE001 - a database, and whatever its driver raises
        return None


def _example(trace: str) -> dict[str, str] | None:
    """Returns a trace as an exemplar, where its spans are told."""
    if switch.spans is None or trace[-2:] != _SAMPLED:
        return None
    return {"trace_id": trace[3:35], "span_id": trace[36:52]}


_COUNTERS: Final = {
    "handled": "Messages whose transaction is committed.",
    "repeated": "Messages that came again after they were handled; nothing changed.",
    "refused": "Messages refused for a business reason.",
    "retried": "Attempts that failed and were repeated at once.",
    "delayed": "Attempts that failed and were repeated later: each delays its message once more.",
    "died": "Messages that became dead letters.",
}


class _OfType:
    """The counters of one type in one module, looked up once."""

    __slots__ = (
        "delayed",
        "died",
        "end_to_end",
        "handled",
        "handler",
        "refused",
        "repeated",
        "retried",
    )

    def __init__(self, meters: Meters, module: str, message: str) -> None:
        def counter(name: str) -> Counter:
            return meters._counters[name].labels(module, message)  # noqa: SLF001 - one thing in two classes

        self.handled = counter("handled")
        self.repeated = counter("repeated")
        self.refused = counter("refused")
        self.retried = counter("retried")
        self.delayed = counter("delayed")
        self.died = counter("died")
        self.handler = meters._handler.labels(module, message)  # noqa: SLF001
        self.end_to_end = meters._end_to_end.labels(module, message)  # noqa: SLF001
