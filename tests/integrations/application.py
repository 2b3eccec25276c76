"""An application with tables of its own, in a database that no module knows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import String, event
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from amphibus.integrations.tables import create_tables
from tests.services.postgres import PostgresCluster, database_in
from tests.services.proxy import Proxy, proxy_before


class Base(DeclarativeBase):
    """The application's own tables."""


class Basket(Base):
    """A basket that was checked out."""

    __tablename__ = "basket"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)


@dataclass
class Application:
    """Its database."""

    engine: AsyncEngine

    @property
    def sessions(self) -> async_sessionmaker[AsyncSession]:
        """Makes its sessions."""
        return async_sessionmaker(self.engine, expire_on_commit=False)


@asynccontextmanager
async def application_in(url: str) -> AsyncIterator[Application]:
    """The application, with its tables and ours."""
    engine = create_async_engine(url)
    if url.startswith("sqlite"):
        event.listen(engine.sync_engine, "connect", _patient)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.run_sync(create_tables)
        yield Application(engine)
    finally:
        await engine.dispose()


class Reached(NamedTuple):
    """An application, the way to its database, which can stand still, and the database behind that."""

    application: Application
    proxy: Proxy
    database: str

    @property
    def lent(self) -> int:
        """Connections that are with somebody."""
        return self.application.engine.pool.checkedout()  # type: ignore[attr-defined,no-any-return]


@asynccontextmanager
async def application_behind_proxy(cluster: PostgresCluster) -> AsyncIterator[Reached]:
    """An application on a database of its own, which it reaches through a proxy."""
    with database_in(cluster) as url:
        there = url.replace("postgresql:", "postgresql+asyncpg:")
        async with proxy_before(there) as (proxy, through), application_in(through) as application:
            yield Reached(application, proxy, there)


def _patient(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.close()
