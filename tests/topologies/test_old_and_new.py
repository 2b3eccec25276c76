"""An old and a new instance of a module beside each other: messages of both versions in flight, delayed and dead."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from amphibus.admin import dead
from amphibus.admin.stores import AdminStore, schemas
from amphibus.clock import SystemClock, VirtualClock
from amphibus.config.settings import load_settings
from amphibus.context import Context
from amphibus.errors import AmphibusError
from amphibus.host.host import Host
from amphibus.module import Module, convert, on
from amphibus.routing.project import Project
from amphibus.testing import Harness, environment
from amphibus.testing.conformance.business import (
    ROOT,
    dark_or_grey,
    dark_or_not,
    paint,
    project,
    see_paint,
)
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.contracts.desk import v2 as desk2
from amphibus.testing.conformance.moods import Script, container_with
from amphibus.testing.conformance.office import until
from amphibus.testing.conformance.tables import DeskBase, DeskLine, ReadersBase
from amphibus.transports.registry import make
from tests.services.postgres import PostgresCluster
from tests.services.rabbitmq import RabbitNode
from tests.topologies.databases import drop_database, make_database

_PARTITIONS = 4
_BOOKS = tuple(f"book {number}" for number in range(24))
Where = tuple[Path, str, str, str]


async def _paint_as_before(message: desk.Paint, context: Context[Any]) -> None:
    """The old handler, which cannot do some books."""
    if message.book.startswith("hard"):
        raise AmphibusError("no brush for it", "it is hard", "upgrade")
    colour = "black" if message.dark else "grey"
    context.db.add(DeskLine(book=message.book, line=0, what=f"old {colour}", late=context.late))
    context.publish(desk.Painted(book=message.book, dark=message.dark))


def _business(pages: list[type[Any]], owner: Module) -> Project:
    readers = Module(
        name="readers",
        subscribes=(on(desk.Painted, see_paint),),
        tables=ReadersBase.metadata,
    )
    return Project.declared(ROOT, contracts=pages, modules=(owner, readers))


OLD = _business(
    [desk.Paint, desk.Painted],
    Module(
        name="desk",
        handles=(on(desk.Paint, _paint_as_before),),
        publishes=(desk.Painted,),
        tables=DeskBase.metadata,
    ),
)
NEW = _business(
    [desk.Paint, desk.Painted, desk2.Paint, desk2.Painted],
    Module(
        name="desk",
        handles=(on(desk2.Paint, paint),),
        publishes=(desk2.Painted,),
        converts=(
            convert(desk.Paint, desk2.Paint, dark_or_grey),
            convert(desk2.Painted, desk.Painted, dark_or_not),
        ),
        tables=DeskBase.metadata,
    ),
)


@pytest.fixture
def where(tmp_path: Path, node: RabbitNode, server: PostgresCluster) -> Iterator[Where]:
    """A folder, a database, a broker and a name there."""
    name = environment(tmp_path)
    yield tmp_path, make_database(server, name), node.url, name
    drop_database(server, name)
    asyncio.run(node.forget(tmp_path, project().topology(), _PARTITIONS))


@asynccontextmanager
async def _instance(business: Project, name: str, where: Where) -> AsyncIterator[Host]:
    folder, db_url, amqp_url, env = where
    settings = load_settings(
        business.root,
        mode="distributed",
        flags={
            "data_dir": folder / name,
            "db_url": db_url,
            "amqp_url": amqp_url,
            "env": env,
            "bus.quick_retries": 0,
            "bus.max_attempts": 2,
            "bus.retry_first_seconds": 3_600,
            "bus.retry_limit_seconds": 3_600,
            "bus.partitions": _PARTITIONS,
        },
        environ={},
    )
    host = Host(
        business,
        settings,
        (name.partition(" ")[2],),
        transport=make("rabbitmq", business.topology(), settings, SystemClock()),
        containers={"desk": container_with(Script()), "readers": container_with(Script())},
    )
    await host.start()
    try:
        yield host
    finally:
        await host.stop()


async def _lines(url: str, module: str) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(url, timeout=100)
    try:
        return [
            (book, what)
            for book, what in await connection.fetch(f"SELECT book, what FROM {module}.line")
        ]
    finally:
        await connection.close()


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=100)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _count(url: str, table: str) -> int:
    connection = await asyncpg.connect(url, timeout=100)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
    finally:
        await connection.close()


async def _many(url: str, table: str, count: int) -> None:
    async with asyncio.timeout(60):
        while await _count(url, table) < count:
            await asyncio.sleep(0.1)


@pytest.mark.asyncio
async def test_every_message_of_both_versions_has_its_effect_once(where: Where) -> None:
    """A rolling upgrade: the old instance alone, both, the new one alone."""
    url = where[1]
    stores: dict[str, AdminStore]
    async with (
        _instance(NEW, "the gateway", where) as gateway,
        _instance(OLD, "the readers", where),
    ):
        shop = Harness(gateway, VirtualClock())
        async with _instance(OLD, "old desk", where) as old:
            await shop.send(desk.Paint(book="hard one"), desk2.Paint(book="early", colour="red"))
            await shop.send(*(desk.Paint(book=book) for book in _BOOKS[:8]))
            await _many(url, "desk.line", 8)
            await _many(url, "desk.amphibus_delayed", 1)
            await _many(url, "desk.amphibus_dead", 1)
            async with _instance(NEW, "new desk", where) as new:
                await until(lambda: _shared(old, new))
                await shop.send(*(desk.Paint(book=book, dark=True) for book in _BOOKS[8:16]))
                await _many(url, "desk.line", 16)
                await old.stop()
                await shop.send(*(desk2.Paint(book=book, colour="red") for book in _BOOKS[16:]))
                stores = await schemas(url, ["desk"], _PARTITIONS)
                letters = await dead.found_at_rest(stores)
                await dead.retry(stores, letters)
                await _run(url, "UPDATE desk.amphibus_delayed SET due = 0")
                new.wake()
                await _many(url, "desk.line", 26)
                await _many(url, "readers.line", 26)
    painted, seen = await _lines(url, "desk"), await _lines(url, "readers")
    assert sorted(book for book, _ in painted) == sorted((*_BOOKS, "early", "hard one"))
    assert sorted(book for book, _ in seen) == sorted(book for book, _ in painted)
    whose = {what for book, what in painted if book in _BOOKS[8:16]}
    assert whose == {"old black", "black"}, "both instances have worked"
    assert dict(painted)["hard one"] == "grey"
    assert dict(seen)["early"] == "light"
    assert await _count(url, "desk.amphibus_dead") == 0


def _shared(*hosts: Host) -> bool:
    """Each holds some of the partitions."""
    return all(each.modules["desk"].assignment.owned for each in hosts)
