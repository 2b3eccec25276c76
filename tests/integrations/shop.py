"""The shop over RabbitMQ, for applications beside it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from amphibus.config.settings import ProducerSettings
from amphibus.routing.project import Project
from amphibus.testing import Harness, environment
from amphibus.transports.rabbitmq.names import Names, Queue
from amphibus.transports.rabbitmq.rights.permissions import outside
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from tests.architecture.tree import ROOT
from tests.services import rabbitmq

PARTITIONS = 8
"""Those of a shop where nothing else is set."""
PATIENCE_SECONDS = 120.0


@asynccontextmanager
async def shop_at(amqp_url: str, folder: Path, *, stock: int) -> AsyncIterator[Harness]:
    """The whole shop, with bulbs on the shelf; its queues and those of the programs are removed at the end."""
    project = Project.find(ROOT)
    try:
        async with Harness.of(
            project,
            transport="rabbitmq",
            amqp_url=amqp_url,
            data_dir=folder,
            settings={"bus.partitions": PARTITIONS},
        ) as harness:
            bulbs = inventory.StockLine(sku="BULB", quantity=stock)
            await harness.send(inventory.ReceiveStock(lines=(bulbs,)))
            yield harness
    finally:
        await rabbitmq.forget(amqp_url, folder, project.topology(), PARTITIONS)
        await _forget_program(amqp_url, folder, "gifts")


def order_of(number: int) -> orders.PlaceOrder:
    """Two bulbs; always the same order for a number."""
    line = orders.OrderLine(sku="BULB", quantity=2, unit_price="0.50")
    return orders.PlaceOrder(
        order_id=UUID(int=number),
        customer=orders.Customer(email="ada@example.com"),
        currency="GBP",
        lines=(line,),
        payment_token="tok_visa",
    )


async def bulbs_of(harness: Harness) -> int:
    """How many bulbs are on the shelf, reserved or not."""
    stock = await harness.ask(inventory.GetStock(sku="BULB"), timeout=100)
    return stock.on_hand


async def rows_of(database: Path, statement: str) -> list[Any]:
    """What a statement reads in the database of an application."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{database}")
    try:
        async with engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement))]
    finally:
        await engine.dispose()


async def until(met: Callable[[], Any]) -> None:
    """Returns once a condition is met."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await met():
            await asyncio.sleep(0.02)


async def _forget_program(amqp_url: str, folder: Path, name: str) -> None:
    import aiormq

    connection = await aiormq.connect(amqp_url)
    channel = await connection.channel()
    names = Names("shop", environment(folder), PARTITIONS, Project.find(ROOT).topology())
    for each in outside(names, {name: ProducerSettings(subscribes=("orders.OrderConfirmed.v1",))}):
        if isinstance(each, Queue):
            await channel.queue_delete(each.name)
    await connection.close()
