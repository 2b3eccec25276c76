"""Every message of a real run of the shop over RabbitMQ is what the published document says of it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from amphibus.config.settings import Settings
from amphibus.documents.asyncapi import asyncapi
from amphibus.documents.system import System, system_of
from amphibus.errors import Refused
from amphibus.routing.project import Project
from amphibus.testing import Harness
from contracts.catalog import v1 as catalog
from tests.architecture.tree import ROOT
from tests.modules.shop import Shop
from tests.services import rabbitmq

PARTITIONS = 2
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One message as it was on the wire."""

    exchange: str
    message: AbstractIncomingMessage

    @property
    def headers(self) -> Json:
        """The headers as text."""
        return dict(self.message.headers)

    @property
    def is_reply(self) -> bool:
        """It goes to who asked."""
        return self.exchange.endswith(".replies")


class Recorder:
    """A queue that gets a copy of everything on the system's exchanges."""

    def __init__(self, queue: AbstractQueue) -> None:
        self._queue = queue
        self.found: list[Recorded] = []

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str, system: System) -> AsyncIterator["Recorder"]:
        """Begins to record."""
        names = system.names
        async with await aio_pika.connect(url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True)
            for module in system.topology.modules:
                for name in (names.events(module), names.commands(module), names.replies(module)):
                    await queue.bind(name, "#")
            yield cls(queue)

    async def take(self) -> None:
        """Takes what has come so far."""
        while (message := await self._queue.get(no_ack=True, fail=False)) is not None:
            self.found.append(Recorded(str(message.exchange), message))


@asynccontextmanager
async def _shop(url: str, folder: Path) -> AsyncIterator[tuple[Shop, System]]:
    project = Project.find(ROOT)
    settings = {"bus.partitions": PARTITIONS}
    try:
        async with Harness.of(
            project, transport="rabbitmq", amqp_url=url, data_dir=folder, settings=settings
        ) as harness:
            yield Shop(harness, folder), system_of(project.topology(), harness.host.settings)
    finally:
        await rabbitmq.forget(url, folder, project.topology(), PARTITIONS)


async def _business(shop: Shop) -> None:
    """A price, and orders that are confirmed, rejected for each reason, returned in part, cancelled and asked for."""
    await shop.receive(LANTERN=10, BULB=100)
    await shop.price("LANTERN", "3.39")
    await shop.harness.ask(catalog.ListPrices())
    order_id = await shop.place({"LANTERN": 2, "BULB": 12}, reference="Grüße, 商店")
    await shop.take_back(order_id, {"BULB": 3})
    await shop.place({"GHOST": 1})
    await shop.place({"LANTERN": 1}, token="tok_chargeDeclined")
    with pytest.raises(Refused):
        await shop.cancel(order_id)
    await shop.order(order_id)
    await shop.payment(order_id)
    await shop.stock("LANTERN")
    await shop.told(order_id)


@pytest.mark.asyncio
async def test_every_message_of_a_run_is_as_the_document_says(broker: str, tmp_path: Path) -> None:
    async with _shop(broker, tmp_path) as (shop, system), Recorder.at(broker, system) as recorder:
        await _business(shop)
        await recorder.take()
        assert shop.nothing_failed()
    document = asyncapi(system)
    asked: dict[str, str] = {}
    for each in recorder.found:
        if not each.is_reply:
            # What waits at a process is told apart by its correlation, what is kept by its id.
            for identity in (each.message.correlation_id, each.headers["ce-id"]):
                asked[str(identity)] = str(each.message.type)
            _is_as_described(document, each)
    for each in recorder.found:
        if each.is_reply:
            _is_the_reply(document, each, asked[str(each.message.correlation_id)])

    seen = {str(each.message.type) for each in recorder.found if not each.is_reply}
    told = {name for name in document["channels"] if not name.endswith(".reply")}
    assert seen <= told
    events = {name for name in system.topology.subscribers if name != "orders.OrderCancelled.v1"}
    assert events <= seen
    assert len(seen) >= 20, sorted(told - seen)
    outcomes = {each.headers["ce-outcome"] for each in recorder.found if each.is_reply}
    assert outcomes >= {"answered", "refused"}


def _is_as_described(document: Json, each: Recorded) -> None:
    type_ = str(each.message.type)
    channel, message = document["channels"][type_], document["components"]["messages"][type_]
    _holds(document, message["headers"], each.headers)
    _holds(document, message["payload"], json.loads(each.message.body))
    assert each.message.content_type == message["contentType"]
    if each.message.reply_to is None:
        assert each.message.message_id == each.headers["ce-id"]
    assert each.exchange == channel["bindings"]["amqp"]["exchange"]["name"]
    address = channel["address"].replace("{partition}", "")
    key = str(each.message.routing_key)
    if key == f"{type_}.outside":
        return
    assert key.startswith(address)
    if "parameters" in channel:
        # A copy for one subscriber alone has the subscriber behind the partition.
        partition, _, subscriber = key.removeprefix(address).partition(".")
        assert partition in channel["parameters"]["partition"]["enum"]
        assert f"{subscriber}.receive.{type_}" in document["operations"] or not subscriber
    sender = each.headers["ce-source"].removeprefix("/")
    assert f"{sender}.send.{type_}" in document["operations"]


def _is_the_reply(document: Json, each: Recorded, asked: str) -> None:
    message = document["components"]["messages"][f"{asked}.reply"]
    _holds(document, message["headers"], each.headers)
    if each.headers["ce-outcome"] == "answered" and "payload" in message:
        _holds(document, message["payload"], json.loads(each.message.body))


def _holds(document: Json, schema: Json, value: Any) -> None:
    whole = {**schema, "components": document["components"]}
    Draft202012Validator(whole).validate(value)


def test_a_message_that_is_not_as_described_is_found() -> None:
    """The test above would find it: a number where the document says text."""
    project = Project.find(ROOT)
    document = asyncapi(system_of(project.topology(), Settings()))
    payload = document["components"]["messages"]["orders.OrderPlaced.v1"]["payload"]
    good = dict(project.contracts["orders.OrderPlaced.v1"].contract_example or {})

    _holds(document, payload, good)
    with pytest.raises(ValidationError):
        _holds(document, payload, {**good, "total": 7.77})
