"""Counters, gauges and health, as an operator sees them."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from amphibus.telemetry.app import signals_app
from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import Meters


def value(meters: Meters, name: str, **labels: str) -> float | None:
    return meters.registry.get_sample_value(f"amphibus_{name}", labels)


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("repeated", "repeated_total"),
        ("refused", "refused_total"),
        ("retried", "retried_total"),
        ("delayed", "delayed_total"),
        ("died", "died_total"),
    ],
)
def test_each_outcome_is_counted_by_module_and_type(method: str, name: str) -> None:
    meters = Meters()
    getattr(meters, method)("orders", "orders.PlaceOrder.v1")
    getattr(meters, method)("orders", "orders.PlaceOrder.v1")
    assert value(meters, name, module="orders", type="orders.PlaceOrder.v1") == 2


def test_a_handled_message_is_counted_and_timed() -> None:
    meters = Meters()
    meters.handled("orders", "orders.PlaceOrder.v1", 0.0009, 0.2)
    labels = {"module": "orders", "type": "orders.PlaceOrder.v1"}
    assert value(meters, "handled_total", **labels) == 1
    assert value(meters, "handler_seconds_bucket", le="0.001", **labels) == 1
    assert value(meters, "end_to_end_seconds_bucket", le="0.1", **labels) == 0
    assert value(meters, "end_to_end_seconds_sum", **labels) == pytest.approx(0.2)


def test_a_clock_that_runs_behind_counts_as_no_time() -> None:
    """Sender and receiver may be on two machines."""
    meters = Meters()
    meters.handled("orders", "t", 0.1, -3.0)
    assert value(meters, "end_to_end_seconds_sum", module="orders", type="t") == 0


async def _three() -> Mapping[str, float]:
    return {"outbox_depth": 3}


async def _one_delayed() -> Mapping[str, float]:
    return {"delayed": 1}


def test_a_module_is_asked_for_its_numbers_only_when_somebody_looks() -> None:
    meters = Meters()
    asked = []

    async def numbers() -> Mapping[str, float]:
        asked.append(1)
        return {"outbox_depth": 7, "outbox_oldest_seconds": 1.5, "delayed": 2, "dead_letters": 1}

    meters.watch("orders", numbers)
    assert asked == []
    text = asyncio.run(meters.exposition()).decode()
    assert len(asked) == 1
    assert 'amphibus_outbox_depth{module="orders"} 7.0' in text
    assert 'amphibus_dead_letters{module="orders"} 1.0' in text


def test_a_module_that_cannot_answer_hides_no_other() -> None:
    meters = Meters()

    async def broken() -> Mapping[str, float]:
        raise OSError("disk is gone")

    meters.watch("orders", broken)
    meters.watch("payments", _three)
    text = asyncio.run(meters.exposition()).decode()
    assert 'amphibus_store_answers{module="orders"} 0.0' in text
    assert 'amphibus_outbox_depth{module="payments"} 3.0' in text


def test_a_stopped_module_is_asked_no_more() -> None:
    meters = Meters()
    meters.watch("orders", _one_delayed)
    meters.unwatch("orders")
    assert value(meters, "delayed", module="orders") is None


def test_two_processes_in_one_interpreter_count_apart() -> None:
    """Tests run many hosts at once; a global registry would add them up."""
    one, other = Meters(), Meters()
    one.died("orders", "t")
    assert value(other, "died_total", module="orders", type="t") is None


def test_the_exposition_is_read_by_prometheus() -> None:
    meters = Meters()
    meters.handled("orders", "t", 0.1, 0.1)
    meters.served("POST", "/v1/orders", 202, 0.003)
    names = {
        family.name
        for family in text_string_to_metric_families(asyncio.run(meters.exposition()).decode())
    }
    assert {"amphibus_handled", "amphibus_http_requests", "process_cpu_seconds"} <= names


def test_it_is_ready_between_start_and_draining_unless_something_lacks() -> None:
    health = Health()
    assert health.reasons() == {"process": "starting"}
    health.started()
    assert health.ready
    health.lack("orders", "its database cannot be written")
    assert not health.ready
    assert health.reasons() == {"orders": "its database cannot be written"}
    health.has("orders")
    assert health.ready
    health.draining()
    health.started()
    assert health.reasons() == {"process": "draining"}


@pytest.mark.asyncio
async def test_every_process_answers_those_who_watch_it() -> None:
    health, meters = Health(), Meters()
    transport = httpx.ASGITransport(signals_app(health, meters))
    async with httpx.AsyncClient(transport=transport, base_url="http://it") as client:
        assert (await client.get("/livez")).status_code == 200
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"status": "not ready", "reasons": {"process": "starting"}}
        health.started()
        assert (await client.get("/readyz")).status_code == 200
        health.degrade("broker", "gone")
        answer = await client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "degraded", "reasons": {"broker": "gone"}}
        health.degrade("broker", "")
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        health.draining()
        assert (await client.get("/readyz")).json()["status"] == "draining"
        metrics = await client.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_a_module_that_does_not_answer_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are asked at once, and none is waited for until the scrape is given up."""
    monkeypatch.setattr("amphibus.telemetry.metrics._ANSWER_SECONDS", 0.05)
    meters = Meters()

    async def hangs() -> Mapping[str, float]:
        await asyncio.Event().wait()
        raise AssertionError

    for module in ("till", "shelf"):
        meters.watch(module, hangs)
    meters.watch("orders", _three)
    text = asyncio.run(meters.exposition()).decode()

    assert 'amphibus_outbox_depth{module="orders"} 3.0' in text
    assert 'amphibus_store_answers{module="till"} 0.0' in text
