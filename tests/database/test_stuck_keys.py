"""Nothing waits behind nothing: two instances never pass each other unseen, and what is stuck is released."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from amphibus.database.delayed import remove_delayed, store_delayed
from amphibus.database.postgres.store import PostgresStore
from amphibus.database.stuck_keys import find_stuck, hold_place
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.partitions.assignment import partition_of
from amphibus.routing.codec import to_bytes
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.moods import Script
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio
Two = tuple[PostgresStore, PostgresStore]


@pytest_asyncio.fixture
async def two(url: str) -> AsyncIterator[Two]:
    """Two instances of a module, where one message waits for its retry."""
    first, second = PostgresStore("desk", url), PostgresStore("desk", url)
    await first.open()
    await second.open()
    await _store(first, 1, due=0)
    yield first, second
    await first.close()
    await second.close()


async def _store(store: PostgresStore, number: int, *, due: int | None) -> None:
    sql = store.writer.sql
    envelope = Envelope(
        id=f"m{number}",
        type="desk.Write.v1",
        source="gateway",
        key="k",
        time=number,
        correlation="flow",
        causation=None,
        trace=new_trace(),
        body=b"{}",
    )
    await store_delayed(
        sql, envelope, received=0, attempts=0, tries=0, due=due, error="", partition=0
    )


async def _key(store: PostgresStore) -> str:
    ((key,),) = await store.reader.rows("SELECT ordering_key FROM amphibus_delayed")
    return str(key)


async def test_who_removes_the_first_does_not_miss_who_comes_behind_it(two: Two) -> None:
    removes, comes = two
    key = await _key(removes)
    await removes.writer.begin()
    await removes.writer.sql.row("SELECT 1 FROM amphibus_delayed")  # its snapshot
    await comes.writer.begin()
    await hold_place(comes.writer.sql, key)
    await _store(comes, 2, due=None)
    await comes.writer.commit()
    with pytest.raises(asyncpg.SerializationError):
        await remove_delayed(removes.writer.sql, 1, key, 5)


async def test_who_comes_behind_the_first_does_not_miss_its_end(two: Two) -> None:
    removes, comes = two
    key = await _key(removes)
    await comes.writer.begin()
    await comes.writer.sql.row("SELECT 1 FROM amphibus_delayed")
    await removes.writer.begin()
    await remove_delayed(removes.writer.sql, 1, key, 5)
    await removes.writer.commit()
    with pytest.raises(asyncpg.SerializationError):
        await hold_place(comes.writer.sql, key)


async def test_what_is_looked_at_is_bounded(two: Two) -> None:
    store, _ = two
    await store.writer.sql.run("UPDATE amphibus_delayed SET due = NULL")
    for number in (2, 3):
        await _store(store, number, due=None)
    key = await _key_of_all(store)

    assert await find_stuck(store.reader, after=0, limit=2) == ([key], 2)
    assert await find_stuck(store.reader, after=2, limit=2) == ([key], 0)


async def _key_of_all(store: PostgresStore) -> str:
    ((key,),) = await store.reader.rows("SELECT DISTINCT ordering_key FROM amphibus_delayed")
    return str(key)


async def test_a_key_of_which_nothing_is_due_is_released(office: Office) -> None:
    async with office.open(quick_retries=0) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="fail 1"))
        await shop.settle()
        office.change("desk", "UPDATE amphibus_delayed SET due = NULL")
        await shop.advance(hours=1)
        assert office.numbers("desk", "b") == []
        await shop.host.modules["desk"].retention.heal()
        shop.host.wake()
        await shop.settle()

    assert office.numbers("desk", "b") == [1]


async def test_two_instances_leave_nothing_of_a_key_behind(url: str, tmp_path: Path) -> None:
    """One runs the first again while the other takes the next: each sees the state before the other."""
    script = Script()
    one, other = (
        Office("memory", tmp_path / name, script=script, db_url=url) for name in ("one", "other")
    )
    async with one.open("desk") as first, other.open("desk") as second:
        sql = first.host.modules["desk"].store.writer.sql
        held = _written(desk.Write(book="b", line=1, mood="hold"))
        await store_delayed(
            sql, held, received=0, attempts=0, tries=0, due=0, error="", partition=0
        )
        await sql.run("UPDATE amphibus_delayed SET partition = ?", partition_of("b", "", 2))
        first.host.wake()
        second.host.wake()
        await until(lambda: script.held)
        behind = asyncio.Event()
        receiver = second.host.modules["desk"].receiver
        receiver.take(_written(desk.Write(book="b", line=2)), behind.set)
        await behind.wait()
        script.gate.set()
        await until(lambda: one.numbers("desk", "b") == [1, 2])


def _written(message: desk.Write) -> Envelope:
    return Envelope(
        id=new_id(),
        type=desk.Write.contract_type,
        source="gateway",
        key=message.book,
        time=message.line,
        correlation="flow",
        causation=None,
        trace=new_trace(),
        body=to_bytes(message),
    )
