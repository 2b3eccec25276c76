"""The standard variables of OpenTelemetry say whether there are traces, and where they go."""

import subprocess
import sys
from pathlib import Path

import pytest

from amphibus.errors import ConfigError
from amphibus.telemetry.tracing.setting_up import set_up
from amphibus.telemetry.tracing.wanted import Wanted, wanted

_ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, Wanted()),
        ({"OTEL_SERVICE_NAME": "shop"}, Wanted()),
        (_ENDPOINT, Wanted(("otlp",), "http/protobuf", here=True)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t"}, Wanted(("otlp",), "http/protobuf")),
        (_ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, Wanted(("otlp",), "grpc", here=True)),
        (_ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, Wanted()),
        (_ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, Wanted()),
        ({"OTEL_TRACES_EXPORTER": "console, otlp"}, Wanted(("console", "otlp"), here=True)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "[::1]:4317"}, Wanted(("otlp",), here=True)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[t"}, Wanted(("otlp",))),
    ],
)
def test_nothing_is_traced_unless_a_variable_asks_for_it(
    environ: dict[str, str], asked: Wanted
) -> None:
    assert wanted(environ) == asked


@pytest.mark.parametrize(
    ("name", "value"),
    [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")],
)
def test_what_there_is_not_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=value) as refused:
        wanted(_ENDPOINT | {name: value})
    assert f"export {name}=" in refused.value.fix


def test_a_missing_extra_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match="not installed") as refused:
        set_up(_ENDPOINT, app="shop", modules=("orders",))
    assert "pip install 'amphibus[otel]'" in refused.value.fix


_LOADED = """
import sys
import amphibus.host.serve, amphibus.gateway.app
from amphibus.telemetry.tracing.setting_up import set_up
assert set_up({}, app="shop", modules=("orders",)) is None
print([each for each in sys.modules if each.startswith(("opentelemetry", "google", "grpc"))])
"""


def test_nothing_of_it_is_loaded_while_it_is_off(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]"


_OVER_GRPC = """
import asyncio, concurrent.futures, os
import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as said
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service
from amphibus.messages.ids import new_trace
from amphibus.telemetry.tracing import setting_up, switch

told = []

class Collector(service.TraceServiceServicer):
    def Export(self, request, context):
        told.extend(span.name for each in request.resource_spans
                    for scope in each.scope_spans for span in scope.spans)
        return said.ExportTraceServiceResponse()

async def main():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    service.add_TraceServiceServicer_to_server(Collector(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{port}"
    os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc"
    tracing = setting_up.set_up(os.environ, app="shop", modules=("orders",))
    assert new_trace().endswith("-01")
    switch.spans.committed([new_trace()], 1)
    await tracing.end()
    assert new_trace().endswith("-00") and switch.spans is None
    server.stop(None)

asyncio.run(main())
print(*told)
"""


def test_what_is_left_at_the_end_is_exported_over_grpc_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _OVER_GRPC], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["commit"]
