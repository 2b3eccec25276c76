"""A gift with each order: it notes whom it gives one, and has a new one put on the shelf, once an order.

DATABASE_URL=sqlite+aiosqlite:///gifts.db AMQP_URL=amqp://guest:guest@127.0.0.1/ \
    faststream run --factory examples.faststream_service.service:create_app
"""

import os
from uuid import UUID

from faststream import FastStream
from faststream.rabbit import RabbitBroker
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from amphibus import OutboxRelay, Producer
from amphibus.integrations.faststream import SystemRouter
from amphibus.integrations.tables import create_tables
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders


class Base(DeclarativeBase):
    """The service's own tables."""


class Gift(Base):
    """A gift that goes with an order."""

    __tablename__ = "gift"

    number: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]


def create_app() -> FastStream:
    """Makes the service; it makes its tables and its queue when it starts."""
    url, env = os.environ["AMQP_URL"], os.environ.get("SHOP_ENV", "dev")
    engine = create_async_engine(os.environ["DATABASE_URL"])
    system = SystemRouter("gifts", sessions=async_sessionmaker(engine), env=env)
    relay = OutboxRelay(engine, Producer(url, source="gifts", env=env))

    @system.subscribes(orders.OrderConfirmed)
    async def confirmed(event: orders.OrderConfirmed, session: AsyncSession) -> None:
        session.add(Gift(order_id=event.order_id))
        another = inventory.StockLine(sku="BULB", quantity=1)
        relay.outbox(session).send(inventory.ReceiveStock(lines=(another,)))

    broker = RabbitBroker(url)
    broker.include_router(system)
    app = FastStream(broker)

    @app.on_startup
    async def begin() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.run_sync(create_tables)
        await system.declare(url)
        await relay.start()

    @app.after_shutdown
    async def end() -> None:
        await relay.stop()
        await engine.dispose()

    return app
