"""Each instance of a module asks about the messages of all, also while these are of two versions."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from amphibus.database.sqlite.store import SqliteStore
from amphibus.host.sending.routes import SenderRoutes
from amphibus.partitions.assignment import SingleInstance
from amphibus.routing.topology import Topology
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.unit_of_work.isolation import Isolation
from amphibus.unit_of_work.writer import Writer

pytestmark = pytest.mark.asyncio
_OLD: Final = Topology({}, {"desk.Write.v1": "desk"}, {})
_NEW: Final = replace(_OLD, subscribers={"desk.Written.v1": ("archive",)})
_ADDED: Final = "desk.Written.v1 archive"
_SAY: Final = (
    "INSERT INTO amphibus_outbox (id, type, source, key, time, correlation, trace, reply, body)"
    " VALUES ('', 'desk.Written.v1', 'desk', 'b', 0, 'flow', '', 0, x'7b7d')"
)


class _Instance(SingleInstance):
    """One of several, which a test lets live and die."""

    def __init__(self, name: str, living: set[str]) -> None:
        super().__init__(1)
        self.name = name
        self._living = living
        living.add(name)

    async def alive(self) -> frozenset[str]:
        return frozenset(self._living)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore("desk", tmp_path)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


@pytest_asyncio.fixture
async def writer(store: SqliteStore) -> AsyncIterator[Writer]:
    made = Writer(store, SingleInstance(1), Isolation(), Supervisor(Health()), batch=1)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def test_an_old_instance_that_begins_again_leaves_the_routes_of_a_new_one(
    store: SqliteStore, writer: Writer
) -> None:
    living: set[str] = set()
    old = SenderRoutes(store, _Instance("old", living), _OLD)
    new = SenderRoutes(store, _Instance("new", living), _NEW)
    await old.begin()
    store.writer.raw.execute(_SAY)
    await new.begin()
    store.writer.raw.execute(_SAY)
    again = SenderRoutes(store, _Instance("again", living), _OLD)
    living.discard("old")
    await again.begin()

    assert (await again.now(writer))[_ADDED] == (await new.now(writer))[_ADDED] == 1

    living.discard("new")
    assert _ADDED not in await again.now(writer)


async def test_whoever_was_taken_for_dead_notes_its_routes_again_since_when_they_are_taken(
    store: SqliteStore, writer: Writer
) -> None:
    living: set[str] = set()
    new = SenderRoutes(store, _Instance("new", living), _NEW)
    old = SenderRoutes(store, _Instance("old", living), _OLD)
    await new.begin()
    since = (await new.now(writer))[_ADDED]
    living.discard("new")
    await old.begin()
    store.writer.raw.execute(_SAY)
    living.add("new")

    assert (await new.now(writer))[_ADDED] == since
    assert (await old.now(writer))[_ADDED] == since
