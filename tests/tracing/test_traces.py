"""An order is one trace: from its request to the last module that is told of it, in whatever processes."""

from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from amphibus.testing import environment
from tests.distributed.commands import Running, free_ports, running, until
from tests.tracing.collector import Collector, Told, collecting

ROOT = Path(__file__).parents[2]
_MAIL, _CARD = "ada.of.the.traces@example.com", "tok_visa"
_TOLD_LAST = {
    ("notifications", "orders.OrderConfirmed.v1"),
    ("reporting", "orders.OrderConfirmed.v1"),
    ("inventory", "inventory.ShipStock.v1"),
    ("payments", "payments.CapturePayment.v1"),
}
_WAY_OF_AN_ORDER = {
    "POST /v1/orders",
    "send orders.PlaceOrder.v1",
    "deliver orders.PlaceOrder.v1",
    "receive orders.PlaceOrder.v1",
    "handle orders.PlaceOrder.v1",
    "reply orders.PlaceOrder.v1",
    "commit",
    "send payments.AuthorizePayment.v1",
    "outside payments.AuthorizePayment.v1",
    "handle payments.PaymentAuthorized.v1",
    "deliver inventory.ReserveStock.v1",
}


def _options(tmp_path: Path, port: int) -> tuple[str, ...]:
    return ("--port", str(port), "--data-dir", str(tmp_path / "var"))


def _otel(collector: Collector, **more: str) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        **more,
    }


def _buy(url: str, headers: Mapping[str, str] | None = None) -> str:
    """Orders a cup; returns the trace that the answer names."""
    stock = {"lines": [{"sku": "CUP", "quantity": 100}]}
    assert httpx.post(f"{url}/v1/stock/receipts", json=stock, timeout=100).status_code == 202
    order = {
        "order_id": str(uuid4()),
        "customer": {"email": _MAIL},
        "currency": "GBP",
        "lines": [{"sku": "CUP", "quantity": 3, "unit_price": "1.00"}],
        "payment_token": _CARD,
    }
    answer = httpx.post(f"{url}/v1/orders", json=order, timeout=100, headers=headers)
    assert answer.status_code == 202
    return answer.headers["traceparent"].split("-")[1]


def _received(spans: list[Told]) -> set[tuple[str, str]]:
    return {
        (
            each.attributes["messaging.consumer.group.name"],
            each.attributes["messaging.destination.name"],
        )
        for each in spans
        if each.name.startswith("receive ")
    }


def _roots(spans: list[Told]) -> list[str]:
    known = {each.id for each in spans}
    return [each.name for each in spans if each.parent not in known]


def _whole(collector: Collector, trace: str) -> list[Told]:
    """The spans of an order, once everything has come and hangs together."""
    until(
        lambda: (
            _received(collector.of(trace)) >= _TOLD_LAST
            and _roots(collector.of(trace)) == ["POST /v1/orders"]
        ),
        "the order is one tree",
        lambda: str((_roots(collector.of(trace)), _received(collector.of(trace)))),
    )
    return collector.of(trace)


def _ready(command: Running, port: int) -> str:
    command.until_said("  Try  ", within=120.0)
    return f"http://127.0.0.1:{port}"


def test_an_order_is_one_trace_and_names_nobody(tmp_path: Path) -> None:
    """In one process. A client may have begun it, who also says whether it is wanted."""
    port = free_ports(1)
    with (
        collecting() as collector,
        running(ROOT, *_options(tmp_path, port), environ=_otel(collector), said=tmp_path) as shop,
    ):
        url = _ready(shop, port)
        spans = _whole(collector, _buy(url))
        assert {each.name for each in spans} >= _WAY_OF_AN_ORDER
        assert {each.service for each in spans} == {"shop"}
        assert len({each.id for each in spans}) == len(spans)
        assert [each.name for each in spans if each.failed] == []
        replies = {each.name for each in spans if each.name.startswith("reply ")}
        assert "reply orders.OrderPlaced.v1" not in replies, "nobody waits for one"

        not_sampled = f"00-{uuid4().hex}-{'1' * 16}-00"
        _buy(url, {"traceparent": not_sampled})
        sampled = f"00-{uuid4().hex}-{'1' * 16}-01"
        assert _buy(url, {"traceparent": sampled}) == sampled[3:35]
        asked = httpx.get(f"{url}/v1/orders/{uuid4()}", headers={"traceparent": sampled})
        assert asked.status_code == 404
        until(
            lambda: any(
                each.name == "answer orders.GetOrder.v1" for each in collector.of(sampled[3:35])
            ),
            "a query is in its client's trace, too",
        )
        assert shop.stop() == 0
        parents = [each for each in collector.of(sampled[3:35]) if each.parent == "1" * 16]
        assert {each.name for each in parents} == {"POST /v1/orders", "GET /v1/orders/{order_id}"}
        assert [each.name for each in collector.of(sampled[3:35]) if each.failed] == []
        assert collector.of(not_sampled[3:35]) == []
        told = b"".join(collector.raw)
        assert [each for each in (_MAIL, _CARD) if each.encode() in told] == []


@pytest.mark.full
def test_an_order_is_one_trace_over_all_processes(tmp_path: Path, broker: str) -> None:
    port = free_ports(7)
    with collecting() as collector:
        environ = _otel(collector) | {
            "AMPHIBUS_ENV": environment(tmp_path),
            "AMPHIBUS_AMQP_URL": broker,
        }
        options = ("--mode=distributed", "--all", *_options(tmp_path, port))
        with running(ROOT, *options, environ=environ, said=tmp_path) as shop:
            url = _ready(shop, port)
            spans = _whole(collector, _buy(url))
            assert {each.name for each in spans} >= _WAY_OF_AN_ORDER
            modules = ("gateway", "inventory", "notifications", "orders", "payments", "reporting")
            assert {each.service for each in spans} == {f"shop-{each}" for each in modules}
            assert shop.stop() == 0
