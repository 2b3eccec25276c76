"""Events are posted to endpoints of others: signed, until they say that they have them, in order per key."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from standardwebhooks import Webhook

from amphibus.errors import DeclarationError
from amphibus.testing import Harness
from amphibus.testing.conformance.office import until
from amphibus.webhooks.guard import is_public
from contracts.orders import v1 as orders
from tests.services import rabbitmq
from tests.webhooks.receiving import OLD, SECRET, Endpoint, project_in

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    found = Endpoint()
    async with found.listening():
        yield found


@asynccontextmanager
async def system(
    folder: Path, settings: dict[str, Any], transport: str = "memory", amqp_url: str | None = None
) -> AsyncIterator[Harness]:
    async with Harness.of(
        project_in(folder),
        transport=transport,
        data_dir=folder / "var",
        amqp_url=amqp_url,
        settings={"bus.partitions": 2, **settings},
    ) as harness:
        yield harness


def confirmed(order: int, reference: str = "R-1") -> orders.OrderConfirmed:
    event = orders.OrderConfirmed.model_validate(orders.OrderConfirmed.contract_example)
    return event.model_copy(update={"order_id": UUID(int=order), "reference": reference})


def references(endpoint: Endpoint, order: int) -> list[str]:
    events = [json.loads(each.body) for each in endpoint.taken]
    return [each["data"]["reference"] for each in events if each["subject"] == str(UUID(int=order))]


async def test_an_event_is_posted_once_as_a_signed_cloud_event(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    async with system(tmp_path, endpoint.settings()) as harness:
        for _ in range(2):
            await harness.publish(confirmed(1), message_id="event-1")
        await harness.settle()

        (got,) = endpoint.got
        event = Webhook(SECRET).verify(got.body, got.headers)
        assert event["specversion"] == "1.0"
        assert (event["id"], event["source"]) == ("event-1", "/orders")
        assert event["type"] == "orders.OrderConfirmed.v1"
        assert event["subject"] == str(UUID(int=1))
        assert event["data"]["reference"] == "R-1"
        assert got.headers["content-type"].startswith("application/cloudevents+json")
        assert got.headers["webhook-id"] == "event-1"
        assert [row["outcome"] for row in harness.inbox("webhook_acme")] == ["handled"]


async def test_an_endpoint_that_has_taken_an_event_need_not_end_its_answer(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.end = asyncio.Event()
    async with system(tmp_path, endpoint.settings()) as harness:
        await harness.publish(confirmed(1))
        await until(lambda: bool(harness.inbox("webhook_acme")))
        endpoint.end.set()

        assert len(endpoint.got) == 1
        assert [row["outcome"] for row in harness.inbox("webhook_acme")] == ["handled"]


async def test_in_binary_mode_the_attributes_are_headers(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    async with system(tmp_path, endpoint.settings(mode="binary")) as harness:
        await harness.publish(confirmed(1), message_id="event-1")
        await harness.settle()

        (got,) = endpoint.got
        assert Webhook(SECRET).verify(got.body, got.headers)["order_id"] == str(UUID(int=1))
        assert got.headers["ce-id"] == "event-1"
        assert got.headers["ce-type"] == "orders.OrderConfirmed.v1"
        assert got.headers["content-type"] == "application/json"


async def test_while_a_secret_is_exchanged_either_of_the_two_verifies(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    async with system(tmp_path, endpoint.settings(old_secret=OLD)) as harness:
        await harness.publish(confirmed(1))
        await harness.settle()

        (got,) = endpoint.got
        for secret in (SECRET, OLD):
            assert Webhook(secret).verify(got.body, got.headers)["id"]


@pytest.mark.parametrize("transport", ["memory", "memory+wire", "rabbitmq"])
async def test_an_endpoint_that_is_down_for_an_hour_gets_everything_in_the_order_of_each_key(
    endpoint: Endpoint, tmp_path: Path, transport: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("broker") if transport == "rabbitmq" else None
    endpoint.status = 503
    settings = {**endpoint.settings(), "bus.max_attempts": 2}  # an outage spends none of them
    async with system(tmp_path, settings, transport, url) as harness:
        for number in range(12):
            await harness.publish(confirmed(number % 3, f"R-{number:02d}"))
        await harness.advance(hours=1)
        assert endpoint.taken == []
        assert harness.dead("webhook_acme") == []
        endpoint.status = 200
        await harness.advance(hours=1)

        for order in range(3):
            assert references(endpoint, order) == [f"R-{each:02d}" for each in range(order, 12, 3)]
    if url is not None:
        await rabbitmq.forget(url, tmp_path / "var", project_in(tmp_path).topology(), 2)


async def test_nobody_listening_spends_no_attempt(tmp_path: Path, unused_tcp_port: int) -> None:
    nowhere = Endpoint(url=f"http://127.0.0.1:{unused_tcp_port}/hook")
    settings = {**nowhere.settings(), "bus.max_attempts": 2}
    async with system(tmp_path, settings) as harness:
        await harness.publish(confirmed(1))
        await harness.advance(hours=5)

        (waiting,) = harness.delayed("webhook_acme")
        assert "does not answer" in waiting["error"]
        assert harness.dead("webhook_acme") == []


@pytest.mark.parametrize("missing", ["url", "secret"])
async def test_events_wait_for_what_nobody_has_said_yet(
    endpoint: Endpoint, tmp_path: Path, missing: str
) -> None:
    """Days of events would die of a file that is not there; none of them is at fault."""
    settings = endpoint.settings()
    without = {name: each for name, each in settings.items() if not name.endswith(f".{missing}")}
    async with system(tmp_path, {**without, "bus.max_attempts": 1}) as harness:
        await harness.publish(confirmed(1))
        await harness.advance(hours=1)

        (waiting,) = harness.delayed("webhook_acme")
        assert waiting["attempts"] == 0
        assert f"has no {missing} yet" in waiting["error"]
    async with system(tmp_path, {**settings, "bus.max_attempts": 1}) as harness:
        await harness.advance(hours=3)
    assert references(endpoint, 1) == ["R-1"]


async def test_what_an_endpoint_refuses_becomes_a_dead_letter_and_other_keys_go_on(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.status = 500
    settings = {**endpoint.settings(), "bus.max_attempts": 3}
    async with system(tmp_path, settings) as harness:
        await harness.publish(confirmed(1))
        await harness.advance(hours=1)
        endpoint.status = 200
        await harness.publish(confirmed(2, "R-2"))
        await harness.settle()

        (dead,) = harness.dead("webhook_acme")
        assert dead["attempts"] == 3
        assert "answered 500" in dead["error"]
        assert references(endpoint, 2) == ["R-2"]


async def test_a_redirect_is_not_followed(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.status, endpoint.headers = 307, {"location": "/elsewhere"}
    settings = {**endpoint.settings(), "bus.max_attempts": 1}
    async with system(tmp_path, settings) as harness:
        await harness.publish(confirmed(1))
        await harness.settle()

        assert len(endpoint.got) == 1
        assert "answered 307" in harness.dead("webhook_acme")[0]["error"]


async def test_nothing_is_posted_to_an_address_inside(tmp_path: Path) -> None:
    """A name may stand for one, so the address is looked at, and not the name."""
    inside = Endpoint(url="https://localhost/hook")
    settings = {**inside.settings(private=False), "bus.max_attempts": 1}
    async with system(tmp_path, settings) as harness:
        await harness.publish(confirmed(1))
        await harness.settle()

        error = harness.dead("webhook_acme")[0]["error"]
        assert "no address of the public internet" in error


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", False),
        ("64:ff9b::5db8:d822", True),
        ("::127.0.0.1", False),
        ("::ffff:0:10.0.0.1", False),
        ("64:ff9b:1::7f00:1", False),
        ("fec0::1", False),
        ("ff0e::1", False),
    ],
)
async def test_an_address_inside_is_known_in_every_disguise(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_a_webhook_subscribes_to_events_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"OrderConfirmed\.v1"):
        project_in(tmp_path, "orders.OrderConfirmd.v1")


async def test_a_webhook_is_a_subscriber_like_any_other(tmp_path: Path) -> None:
    topology = project_in(tmp_path).topology()

    assert topology.subscribers["orders.OrderConfirmed.v1"] == ("webhook_acme",)
    assert "webhook_acme" in topology.receivers("orders")
