"""The modules of a system work inside a FastAPI application, whose routes send in its own transactions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from amphibus import Context, Module, OutboxRelay, on
from amphibus.errors import AmphibusError, OwnerAway
from amphibus.integrations.fastapi import Office
from amphibus.messages.contracts.amphibus.v1 import PauseModule, ResumeModule
from amphibus.routing.project import Project
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from tests.conformance.asking import asked
from tests.integrations.application import Basket, application_in
from tests.producers.loader import order

pytestmark = pytest.mark.asyncio


class Shelf:
    """The module of the office: it counts what it receives."""

    def __init__(self, folder: Path) -> None:
        self.received: list[int] = []
        module = Module(
            name="inventory",
            handles=(on(inventory.ReceiveStock, self._receive), on(inventory.GetStock, self._tell)),
        )
        self.project = Project.declared(
            folder, contracts=[inventory.ReceiveStock, inventory.GetStock], modules=[module]
        )

    async def _receive(self, receipt: inventory.ReceiveStock, _context: Context[Any]) -> None:
        self.received += [line.quantity for line in receipt.lines]

    async def _tell(self, query: inventory.GetStock, _context: Context[Any]) -> inventory.StockView:
        count = sum(self.received)
        return inventory.StockView(sku=query.sku, on_hand=count, reserved=0, available=count)


def receipt_of(quantity: int) -> inventory.ReceiveStock:
    return inventory.ReceiveStock(lines=(inventory.StockLine(sku="BULB", quantity=quantity),))


@asynccontextmanager
async def served(
    folder: Path, shelf: Shelf
) -> AsyncIterator[tuple[httpx.AsyncClient, OutboxRelay, Office]]:
    """A FastAPI application with the office mounted."""
    office = Office(shelf.project, source="checkout", settings={"data_dir": folder / "var"})
    async with application_in(f"sqlite+aiosqlite:///{folder}/application.db") as application:
        relay = OutboxRelay(application.engine, office)

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            async with office, relay:
                yield

        app = FastAPI(lifespan=lifespan)
        app.mount("/system", office)

        @app.put("/baskets/{basket}")
        async def put(basket: str, quantity: int) -> str:
            async with application.sessions.begin() as session:
                session.add(Basket(id=basket))
                return relay.outbox(session).send(receipt_of(quantity), message_id=basket)

        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
            ) as client,
        ):
            yield client, relay, office


async def test_a_route_sends_in_its_transaction_and_the_module_here_handles_it_once(
    tmp_path: Path,
) -> None:
    shelf = Shelf(tmp_path)
    async with served(tmp_path, shelf) as (client, relay, office):
        assert (await client.put("/baskets/b-1?quantity=3")).status_code == 200
        async with asyncio.timeout(60):
            while await relay.waiting():
                await asyncio.sleep(0.01)

        assert shelf.received == [3]
        assert (await office.ask(inventory.GetStock(sku="BULB"))).on_hand == 3


async def test_the_gateway_is_a_part_of_the_application(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    async with served(tmp_path, shelf) as (client, _, _):
        body = receipt_of(2).model_dump(mode="json", exclude_none=True)
        posted = await client.post("/system/v1/stock/receipts", json=body)
        read = await client.get("/system/v1/stock/BULB")
        described = await client.get("/system/openapi.json")

        assert posted.status_code == 202, posted.text
        assert read.json()["on_hand"] == 2
        assert "/v1/stock/{sku}" in described.json()["paths"]


async def test_what_goes_to_a_module_that_is_not_here_waits_and_says_why(tmp_path: Path) -> None:
    async with served(tmp_path, Shelf(tmp_path)) as (_, _, office):
        envelope = _envelope_of(order(1))
        with pytest.raises(OwnerAway, match="module orders is not here"):
            await office.forward(envelope)


async def test_a_paused_module_takes_nothing_that_its_sender_keeps(tmp_path: Path) -> None:
    """However often it is sent: each time would be held in memory until the end of the pause."""
    shelf = Shelf(tmp_path)
    async with served(tmp_path, shelf) as (client, relay, office):
        host = office._started()
        await asked(host, PauseModule(reason="stocktaking"), source="inventory", module="inventory")
        assert (await client.put("/baskets/b-1?quantity=3")).status_code == 200
        async with asyncio.timeout(60):
            while "stocktaking" not in relay.refusals.get("inventory", ""):
                await asyncio.sleep(0.01)
        assert not host.modules["inventory"].receiver._held
        await asked(host, ResumeModule(), source="inventory", module="inventory")
        async with asyncio.timeout(60):
            while await relay.waiting():
                await asyncio.sleep(0.01)

        assert shelf.received == [3]


async def test_an_office_that_is_not_open_says_where_it_is_opened(tmp_path: Path) -> None:
    office = Office(Shelf(tmp_path).project, source="checkout", settings={"data_dir": tmp_path})
    with pytest.raises(AmphibusError, match="not open"):
        await office.ask(inventory.GetStock(sku="BULB"))


def _envelope_of(command: orders.PlaceOrder) -> Any:
    from amphibus.access.outside_message import OutsideSender

    sender = OutsideSender("checkout")
    return sender.envelope(command, sender.body_of(command), "m-1")
