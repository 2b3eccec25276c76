"""An endpoint that lost what it had taken gets it again: under the same ids, in the order of each key."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from amphibus import Context, Module, on
from amphibus.admin import posted_again, replay
from amphibus.admin.posted_again import Again, again, post_again
from amphibus.admin.stores import FileStore
from amphibus.database.inbox import forget
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.routing.project import Project
from amphibus.testing import Harness
from tests.webhooks.parcels.v1 import Arrived, NoteDelivery
from tests.webhooks.receiving import Endpoint

EVENT = "parcels.Arrived.v1"
WEBHOOK = "webhook_acme"


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    found = Endpoint()
    async with found.listening():
        yield found


def stores(folder: Path) -> tuple[FileStore, FileStore]:
    return FileStore(folder / "var/parcels.db", 2), FileStore(folder / f"var/{WEBHOOK}.db", 2)


async def found(folder: Path, since: int = 0, until: int | None = None) -> Again:
    log, inbox = stores(folder)
    return await again(log, inbox, types=[EVENT], since=since, until=until)


async def posted(folder: Path, planned: Again) -> int:
    log, inbox = stores(folder)
    by = Operator(who="ada")
    return sum([each async for each in post_again(log, inbox, WEBHOOK, planned, by, "lost")])


async def note(message: NoteDelivery, context: Context[Any]) -> None:
    context.publish(Arrived(parcel_id=message.parcel_id, place=message.place))


@asynccontextmanager
async def system(folder: Path, settings: dict[str, Any]) -> AsyncIterator[Harness]:
    """A module that says events, and a webhook that gets them."""
    (folder / "config").mkdir()
    (folder / "config/amphibus.toml").write_text(f'[webhooks.acme]\nsubscribes = ["{EVENT}"]\n')
    module = Module(name="parcels", handles=(on(NoteDelivery, note),), publishes=(Arrived,))
    project = Project.declared(folder, contracts=[NoteDelivery, Arrived], modules=[module])
    given = {"bus.partitions": 2, **settings}
    async with Harness.of(project, data_dir=folder / "var", settings=given) as harness:
        yield harness


async def told(harness: Harness, parcels: int, each: int) -> None:
    for number in range(parcels * each):
        parcel = UUID(int=number % parcels)
        await harness.request(NoteDelivery(parcel_id=parcel, place=f"R-{number}"))
    await harness.settle()


def places(endpoint: Endpoint, parcel: int) -> list[str]:
    events = [json.loads(each.body) for each in endpoint.taken]
    return [each["data"]["place"] for each in events if each["subject"] == str(UUID(int=parcel))]


def ids(endpoint: Endpoint) -> list[str]:
    return sorted(each.headers["webhook-id"] for each in endpoint.taken)


@pytest.mark.asyncio
async def test_what_an_endpoint_has_had_is_posted_again_under_its_id_and_in_order(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    async with system(tmp_path, endpoint.settings()) as harness:
        await told(harness, parcels=2, each=3)
        had = ids(endpoint)
        endpoint.taken.clear()

        planned = await found(tmp_path)
        assert (len(planned.events), planned.had, planned.held) == (6, 6, 0)
        assert await posted(tmp_path, planned) == 6
        await harness.advance(seconds=5)
        await harness.settle()

        assert ids(endpoint) == had
        for parcel in range(2):
            assert places(endpoint, parcel) == [f"R-{each}" for each in range(parcel, 6, 2)]
        assert len(harness.inbox(WEBHOOK)) == 6


@pytest.mark.asyncio
async def test_it_stands_once_in_each_audit_with_its_count_and_reason(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many transactions it takes."""
    for module in (posted_again, replay):
        monkeypatch.setattr(module, "AT_ONCE", 2)
    async with system(tmp_path, endpoint.settings()) as harness:
        await told(harness, parcels=1, each=5)
        assert await posted(tmp_path, await found(tmp_path)) == 5
        rows = []
        for store in stores(tmp_path):
            async with store.reading() as sql:
                asked = "SELECT who, what, object, reason, count FROM amphibus_audit"
                rows += [tuple(each) for each in await sql.rows(asked)]

    assert rows == [
        ("ada", "ReplayEvents", f"events to {WEBHOOK}: {EVENT}", "lost", 5),
        ("ada", "ForgetPosted", f"events: {EVENT}", "lost", 5),
    ]


@pytest.mark.asyncio
async def test_a_kill_after_it_was_forgotten_loses_nothing(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    async with system(tmp_path, endpoint.settings()) as harness:
        await told(harness, parcels=1, each=2)
        async with stores(tmp_path)[1].writing() as sql:  # the first step alone
            await forget(sql, "parcels", [(await found(tmp_path)).events[0].id])
        endpoint.taken.clear()

        planned = await found(tmp_path)
        assert (len(planned.events), planned.had) == (2, 1)
        await posted(tmp_path, planned)
        await harness.advance(seconds=5)
        await harness.settle()
        assert places(endpoint, 0) == ["R-0", "R-1"]


@pytest.mark.asyncio
async def test_what_waits_for_a_retry_or_is_dead_is_left_to_its_own_commands(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.status = 400
    async with system(tmp_path, endpoint.settings()) as harness:
        await told(harness, parcels=1, each=1)

        planned = await found(tmp_path)
        assert (len(planned.events), planned.held) == (0, 1)
        assert await posted(tmp_path, planned) == 0


@pytest.mark.asyncio
async def test_only_the_events_of_the_time_are_posted(endpoint: Endpoint, tmp_path: Path) -> None:
    async with system(tmp_path, endpoint.settings()) as harness:
        await told(harness, parcels=1, each=1)
        first = harness.clock.now()
        await harness.advance(hours=1)
        await told(harness, parcels=1, each=1)

        late, early = await found(tmp_path, since=first + 1), await found(tmp_path, until=first)
        assert len((await found(tmp_path)).events) == 2
        assert [late.events[0].id] != [early.events[0].id]
        assert (len(late.events), len(early.events)) == (1, 1)
