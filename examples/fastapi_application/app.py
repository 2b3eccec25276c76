"""A checkout of its own: it keeps baskets in its own database, and places their orders in the same transactions.

DATABASE_URL=sqlite+aiosqlite:///checkout.db AMQP_URL=amqp://guest:guest@127.0.0.1/ \
    uvicorn --factory examples.fastapi_application.app:create_app
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from amphibus import OutboxRelay, Producer
from amphibus.integrations.tables import create_tables
from contracts.orders import v1 as orders


class Base(DeclarativeBase):
    """The application's own tables."""


class Basket(Base):
    """A basket that was checked out."""

    __tablename__ = "basket"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]


def create_app() -> FastAPI:
    """Makes the application; its lifespan makes the tables and runs the relay."""
    engine = create_async_engine(os.environ["DATABASE_URL"])
    sessions = async_sessionmaker(engine)
    shop = Producer(
        os.environ["AMQP_URL"], source="checkout", env=os.environ.get("SHOP_ENV", "dev")
    )
    relay = OutboxRelay(engine, shop)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.run_sync(create_tables)
        async with relay:
            yield
        await engine.dispose()

    app = FastAPI(title="Checkout", lifespan=lifespan)

    @app.put("/baskets/{basket}", status_code=202)
    async def check_out(basket: UUID, order: orders.PlaceOrder) -> dict[str, UUID]:
        async with sessions.begin() as session:
            if await session.get(Basket, basket) is None:
                session.add(Basket(id=basket, email=order.customer.email))
                placed = order.model_copy(update={"order_id": basket})
                relay.outbox(session).send(placed, message_id=f"basket-{basket}")
        return {"order": basket}

    return app
