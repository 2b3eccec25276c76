"""The metrics and the log lines of a process come to a collector by OTLP, without personal data."""

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
import structlog
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs_pb
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_pb
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc

from amphibus.errors import ConfigError
from amphibus.supervision import Supervisor
from amphibus.telemetry import logs
from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import Meters
from amphibus.telemetry.otlp import setting_up
from amphibus.telemetry.recent_lines import RecentLines
from amphibus.telemetry.tracing import switch
from tests.tracing.collector import Collector, collecting

_TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


class Told:
    """What a collector was told."""

    def __init__(self) -> None:
        self.metrics: dict[str, Any] = {}
        self.lines: list[Any] = []
        self.services: set[str] = set()

    def numbers(self, request: Any) -> None:
        for each in request.resource_metrics:
            self._described(each.resource)
            self.metrics |= {one.name: one for one in each.scope_metrics[0].metrics}

    def said(self, request: Any) -> None:
        for each in request.resource_logs:
            self._described(each.resource)
            self.lines += each.scope_logs[0].log_records

    def _described(self, resource: Any) -> None:
        known = {each.key: each.value.string_value for each in resource.attributes}
        self.services.add(known["service.name"])


def told_by(collector: Collector) -> Told:
    told = Told()
    for path, body in collector.others:
        if path == "/v1/metrics":
            told.numbers(metrics_pb.ExportMetricsServiceRequest.FromString(body))
        elif path == "/v1/logs":
            told.said(logs_pb.ExportLogsServiceRequest.FromString(body))
    return told


@contextmanager
def over_grpc() -> Iterator[tuple[str, Told]]:
    """A collector that speaks gRPC."""
    told = Told()

    class Numbers(metrics_grpc.MetricsServiceServicer):  # type: ignore[misc]
        def Export(self, request: Any, _context: Any) -> Any:  # noqa: N802 - its name there
            told.numbers(request)
            return metrics_pb.ExportMetricsServiceResponse()

    class Lines(logs_grpc.LogsServiceServicer):  # type: ignore[misc]
        def Export(self, request: Any, _context: Any) -> Any:  # noqa: N802
            told.said(request)
            return logs_pb.ExportLogsServiceResponse()

    server = grpc.server(futures.ThreadPoolExecutor(2))
    metrics_grpc.add_MetricsServiceServicer_to_server(Numbers(), server)
    logs_grpc.add_LogsServiceServicer_to_server(Lines(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}", told
    finally:
        server.stop(None)


@pytest.fixture
def recent() -> Iterator[RecentLines]:
    yield logs.set_up("json", "info", io.StringIO())
    structlog.reset_defaults()


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose proxies take nothing."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")


async def _work(environ: dict[str, str], recent: RecentLines) -> None:
    """A process that handles a message, says two lines and ends."""
    exporting = setting_up.set_up(environ, recent, app="shop", modules=("orders",))
    meters = Meters()
    meters.watch("orders", _numbers)
    await exporting.follow(meters, Supervisor(Health()))
    meters.handled("orders", "orders.PlaceOrder.v1", 0.004, 0.2, _TRACE)
    meters.handled("orders", "orders.PlaceOrder.v1", 0.3, 7.0, _TRACE[:-2] + "00")
    log: Any = structlog.get_logger()
    log.warning("relay.stalled", destination="payments", depth=3, trace="a" * 32, error="x")
    log.warning("library.said", logger="opentelemetry.exporter", text="the collector is away")
    log.info("tea.made", whose="ada@example.com")
    await exporting.end()


async def _numbers() -> dict[str, float]:
    return {"outbox_depth": 5, "outbox_waiting payments": 4, "commits": 9}


def _counted(told: Told) -> None:
    assert told.services == {"shop-orders"}
    handled = told.metrics["amphibus_handled"].sum
    assert (handled.is_monotonic, handled.aggregation_temporality) == (True, 2)
    assert [each.as_double for each in handled.data_points] == [2]
    labels = {each.key: each.value.string_value for each in handled.data_points[0].attributes}
    assert labels == {"module": "orders", "type": "orders.PlaceOrder.v1"}
    (depth,) = told.metrics["amphibus_outbox_depth"].gauge.data_points
    assert depth.as_double == 5
    (times,) = told.metrics["amphibus_handler_seconds"].histogram.data_points
    assert told.metrics["amphibus_handler_seconds"].unit == "s"
    assert (times.count, round(times.sum, 3)) == (2, 0.304)
    assert sum(times.bucket_counts) == 2
    assert len(times.bucket_counts) == len(times.explicit_bounds) + 1
    assert times.bucket_counts[list(times.explicit_bounds).index(0.005)] == 1
    (example,) = times.exemplars
    assert (example.trace_id.hex(), example.span_id.hex()) == ("a" * 32, "b" * 16)


def _said(told: Told) -> None:
    assert [each.body.string_value for each in told.lines] == ["relay.stalled", "tea.made"]
    stalled, tea = told.lines
    assert (stalled.severity_text, stalled.trace_id.hex()) == ("WARNING", "a" * 32)
    facts = {each.key: each.value for each in stalled.attributes}
    assert facts["destination"].string_value == "payments"
    assert facts["depth"].int_value == 3
    assert "ada@example.com" not in str(tea)
    assert "***" in str(tea)


@pytest.mark.usefixtures("proxies")
def test_numbers_and_lines_come_over_http(
    recent: RecentLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To this machine, whatever proxies the environment names."""
    monkeypatch.setattr(switch, "spans", object())
    with collecting() as collector:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        asyncio.run(_work(environ, recent))
    _counted(told_by(collector))
    _said(told_by(collector))


@pytest.mark.usefixtures("proxies")
def test_numbers_and_lines_come_over_grpc(
    recent: RecentLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "spans", object())
    with over_grpc() as (url, told):
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        asyncio.run(_work(environ, recent))
    _counted(told)
    _said(told)


def test_numbers_are_told_again_and_again(
    recent: RecentLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector:
        environ = {
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{collector.url}/v1/metrics",
            "OTEL_METRIC_EXPORT_INTERVAL": "20",
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)

        async def live() -> None:
            exporting = setting_up.set_up(environ, recent, app="shop", modules=("orders",))
            await exporting.follow(Meters(), Supervisor(Health()))
            async with asyncio.timeout(30):
                while len(collector.others) < 3:
                    await asyncio.sleep(0.01)
            await exporting.end()

        asyncio.run(live())
    assert {path for path, _ in collector.others} == {"/v1/metrics"}


def test_a_collector_that_is_away_ends_no_process(
    recent: RecentLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    asyncio.run(_work({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, recent))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_METRICS_EXPORTER", "statsd"),
        ("OTEL_LOGS_EXPORTER", "syslog"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "often"),
    ],
)
def test_what_there_is_not_is_refused_by_its_name(
    name: str, value: str, recent: RecentLines
) -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", name: value}
    with pytest.raises(ConfigError, match=value) as refused:
        setting_up.set_up(environ, recent, app="shop", modules=("orders",))
    assert f"export {name}=" in refused.value.fix


def test_a_missing_extra_is_named(recent: RecentLines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(ConfigError, match="not installed"):
        setting_up.set_up({"OTEL_LOGS_EXPORTER": "otlp"}, recent, app="shop", modules=())


def test_nothing_is_loaded_while_they_are_off() -> None:
    code = """
import sys, json
from amphibus.telemetry.otlp.setting_up import set_up
from amphibus.telemetry.recent_lines import RecentLines
environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}
recent = RecentLines()
for each in ({}, environ):
    set_up(each, recent, app="shop", modules=("orders",))
assert recent.also is None
print(json.dumps([each for each in sys.modules if each.startswith(("opentelemetry", "google", "grpc"))]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == []


def test_prometheus_gets_the_traces_where_it_asks_for_openmetrics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(switch, "spans", object())
    meters = Meters()
    meters.handled("orders", "orders.PlaceOrder.v1", 0.004, 0.2, _TRACE)
    plain = asyncio.run(meters.exposition()).decode()
    whole = asyncio.run(meters.exposition(openmetrics=True)).decode()

    assert "trace_id" not in plain
    examples = [each for each in whole.splitlines() if "# {" in each and "handler" in each]
    assert len(examples) == 1
    assert all(each in examples[0] for each in (f'"{"a" * 32}"', f'"{"b" * 16}"', "} 0.004"))
    assert whole.endswith("# EOF\n")
