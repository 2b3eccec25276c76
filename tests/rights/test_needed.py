"""With a broker user for each module, and no right more than its front page gives, the shop works."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiormq
import pytest
import pytest_asyncio
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from amphibus import Producer
from amphibus.clock import SystemClock
from amphibus.config.settings import load_settings
from amphibus.contract import Message, Value
from amphibus.database.upkeep.awaited import unasked
from amphibus.errors import Refused
from amphibus.host.host import Host
from amphibus.messages.ids import new_id, new_trace
from amphibus.routing.project import Project
from amphibus.transports.registry import make
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from tests.architecture.tree import ROOT
from tests.rights.conftest import PREFIX, Guarded

PROJECT = Project.find(ROOT)
pytestmark = pytest.mark.asyncio


class Shop:
    """Each module in a host of its own, connected as its own user."""

    def __init__(self, hosts: dict[str, Host], log: Path, opened: datetime) -> None:
        self.hosts = hosts
        self._log = log
        self._opened = opened
        self._gateway = hosts["gateway"].accepted_store()

    def refused(self) -> list[str]:
        """What the broker has refused since the shop was opened; it writes late what it refused before."""
        lines = [line for line in self._log.read_text().splitlines() if "refused for user" in line]
        return [line for line in lines if _written(line) >= self._opened]

    async def ask(self, message: Message) -> Value | None:
        """What the owner of a query or a decided command answers."""
        body = await self._gateway.request(
            message, message_id=new_id(), timeout=10.0, trace=new_trace()
        )
        answer = type(message).answer_type()
        return None if answer is None or not body else answer.model_validate_json(body)

    async def order(self, order_id: UUID) -> orders.OrderView:
        """An order, once it is decided."""
        async with asyncio.timeout(100):
            while True:
                with contextlib.suppress(Refused):  # it has not arrived yet
                    found = await self.ask(orders.GetOrder(order_id=order_id))
                    if isinstance(found, orders.OrderView) and found.status != "pending":
                        return found
                await asyncio.sleep(0.05)

    async def in_stock(self, sku: str) -> None:
        """Returns once the stock of a SKU has arrived: an order of its own key may come before it."""
        async with asyncio.timeout(100):
            while True:
                with contextlib.suppress(Refused):
                    await self.ask(inventory.GetStock(sku=sku))
                    return
                await asyncio.sleep(0.05)

    async def accept(self, message: Message) -> str:
        """Sends a stored command, as the HTTP side does."""
        identity = new_id()
        await self._gateway.accept(
            message,
            message_id=identity,
            key_identity=None,
            business_identity=None,
            digest=b"",
            stored=True,
            trace=new_trace(),
            location=None,
        )
        return identity


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(guarded: Guarded, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with shop_at(guarded, tmp_path_factory.mktemp("shop")) as found:
        yield found


@asynccontextmanager
async def shop_at(
    guarded: Guarded, folder: Path, *, db_url: str | None = None
) -> AsyncIterator[Shop]:
    """The shop, each module as its own user; its databases in a folder, or on a server."""
    async with AsyncExitStack() as stack:
        log = guarded.node._folder / "node.log"
        opened = datetime.now(UTC)
        hosts: dict[str, Host] = {}
        for name in PROJECT.modules:
            flags: dict[str, Any] = {
                "data_dir": folder,
                "amqp_url": guarded.url(name),
                "rabbitmq.verify_senders": "true",
                "db_url": db_url,
            }
            settings = load_settings(ROOT, mode="distributed", flags=flags, environ={})
            transport = make("rabbitmq", PROJECT.topology(), settings, SystemClock())
            hosts[name] = Host(PROJECT, settings, (name,), transport=transport)
            await hosts[name].start()
            stack.push_async_callback(hosts[name].stop)
        yield Shop(hosts, log, opened)


async def test_an_order_goes_all_its_way(shop: Shop) -> None:
    """Commands, events, queries, decided commands and replies: everything that modules do."""
    await shop.accept(_stock("LANTERN", 5))
    await shop.in_stock("LANTERN")
    order = _order("LANTERN", 2)
    await shop.accept(order)

    assert (await shop.order(_id_of(order))).status == "confirmed"
    line = orders.ItemQuantity(sku="LANTERN", quantity=1)
    returned = orders.ReturnItems(order_id=_id_of(order), lines=(line,))
    assert isinstance(await shop.ask(returned), orders.ReturnAccepted)


async def test_a_program_outside_sends_and_hears(shop: Shop, guarded: Guarded) -> None:
    """It needs nobody's rights but its own."""
    order = _order("BULB", 3)
    async with Producer(guarded.url("storefront"), source="storefront") as storefront:
        await storefront.send(_stock("BULB", 10))
        await shop.in_stock("BULB")
        await storefront.send(order)
    heard: asyncio.Future[DeliveredMessage] = asyncio.get_running_loop().create_future()
    connection = await aiormq.connect(guarded.url("storefront"))
    channel = await connection.channel()

    async def hear(message: DeliveredMessage) -> None:
        await channel.basic_ack(message.delivery_tag or 0)
        if str(order.order_id) in message.body.decode() and not heard.done():
            heard.set_result(message)

    await channel.basic_consume(f"{PREFIX}storefront.v1", hear)
    async with asyncio.timeout(100):
        message = await heard
    await connection.close()

    assert message.header.properties.message_type == "orders.OrderConfirmed.v1"
    assert json.loads(message.body)["order_id"] == str(order.order_id)
    assert (await shop.order(_id_of(order))).status == "confirmed"


async def test_who_says_to_be_another_is_not_believed(shop: Shop, guarded: Guarded) -> None:
    """The broker vouches for the user alone; the receiver compares it with the sender's name."""
    order = _order("BULB", 1)
    headers = {
        "ce-specversion": "1.0",
        "ce-id": new_id(),
        "ce-type": "orders.PlaceOrder.v1",
        "ce-source": "/gateway",
    }
    connection = await aiormq.connect(guarded.url("storefront"))
    channel = await connection.channel()
    for user in (f"{PREFIX}storefront", None):
        await channel.basic_publish(
            order.model_dump_json().encode(),
            exchange=f"{PREFIX}orders.commands",
            routing_key="orders.PlaceOrder.v1.p0",
            properties=Basic.Properties(headers=dict(headers), user_id=user),
        )
    await connection.close()
    store = shop.hosts["orders"].modules["orders"].store
    async with asyncio.timeout(30):
        while True:
            rows = await store.reader.rows("SELECT reason FROM amphibus_dead")
            if len(rows) == 2:
                break
            await asyncio.sleep(0.02)

    assert {row[0] for row in rows} == {"forged"}


async def test_no_module_is_refused_anything_but_to_make_what_an_administrator_made(
    shop: Shop,
) -> None:
    """A right that is missing shows in the broker's own log, whatever a module makes of it."""
    await shop.accept(_stock("LAMP", 1))
    await shop.in_stock("LAMP")
    order = _order("LAMP", 1)
    await shop.accept(order)
    assert (await shop.order(_id_of(order))).status == "confirmed"
    for name, host in shop.hosts.items():
        hosted = host.modules[name]
        if sent := await unasked(hosted.store.reader, beyond=0, limit=500):
            await hosted.retention._word.ask_about(sent)
        assert not hosted.retention._word._silent

    first = "operation queue.declare"  # of the net of the first module, which an administrator made
    tried = [line for line in shop.refused() if not (first in line and ".dead'" in line)]
    assert tried == []


def _written(line: str) -> datetime:
    return datetime.fromisoformat(line.partition(" [")[0])


def _id_of(order: orders.PlaceOrder) -> UUID:
    assert order.order_id is not None
    return order.order_id


def _stock(sku: str, quantity: int) -> inventory.ReceiveStock:
    line = {"sku": sku, "quantity": quantity}
    return inventory.ReceiveStock.model_validate({"receipt_id": new_id(), "lines": [line]})


def _order(sku: str, quantity: int) -> orders.PlaceOrder:
    example = dict(orders.PlaceOrder.contract_example or {})
    line = {"sku": sku, "quantity": quantity, "unit_price": "3.39"}
    return orders.PlaceOrder.model_validate(
        example | {"order_id": new_id(), "lines": [line], "payment_token": "tok_visa"}
    )
