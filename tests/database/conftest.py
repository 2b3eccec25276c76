"""The tiny business on a database server."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from amphibus.admin.inspection import on_server
from amphibus.database.postgres.store import PostgresStore
from amphibus.database.sqlite.connection import connect_to
from amphibus.testing.conformance.office import Office
from tests.database.things import Base
from tests.services.postgres import PostgresCluster, database_in


@pytest.fixture
def url(cluster: PostgresCluster) -> Iterator[str]:
    """An empty database."""
    with database_in(cluster) as found:
        yield found


@pytest.fixture
def office(cluster: PostgresCluster, tmp_path: Path) -> Iterator[Office]:
    """In memory, on a database that is empty; not opened yet."""
    with database_in(cluster) as url:
        yield Office("memory", tmp_path, db_url=url)


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def connection(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """A connection within a transaction that its user must not end."""
    if request.param == "sqlite":
        opened = await connect_to(tmp_path / "things.db", writer=True)
        async with _TablesOn(opened):
            yield opened
        await opened.close()
        return
    cluster: PostgresCluster = request.getfixturevalue("cluster")
    with database_in(cluster) as url:
        on_server(url, "public", "CREATE SCHEMA things")
        store = PostgresStore("things", url)
        await store.open(upgrade=True)
        async with _TablesOn(store.writer):
            yield store.writer
        await store.close()


class _TablesOn:
    def __init__(self, opened: Any) -> None:
        self._opened = opened

    async def __aenter__(self) -> None:
        await self._opened.begin(armed=False)
        await self._opened.bound.run_sync(Base.metadata.create_all)
        await self._opened.commit()
        await self._opened.begin()

    async def __aexit__(self, *_: object) -> None:
        await self._opened.roll_back()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresStore]:
    """The store of a module on a database, open."""
    store = PostgresStore("desk", url)
    await store.open()
    try:
        yield store
    finally:
        await store.close()
