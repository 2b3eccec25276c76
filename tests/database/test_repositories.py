"""A repository reads and writes what a session does, in the same transaction."""

from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import text

from tests.database.things import THINGS, WIDE, Thing, Things, a_thing, copy_of

pytestmark = pytest.mark.asyncio


async def _rows_in_database(connection: Any) -> list[Any]:
    return [tuple(row) for row in await connection.sql.rows("SELECT * FROM thing")]


@WIDE
@given(thing=THINGS)
async def test_a_row_is_written_as_a_session_writes_it(connection: Any, thing: Thing) -> None:
    session = connection.session
    await Things(session).insert(copy_of(thing))
    by_repository = await _rows_in_database(connection)
    await connection.bound.execute(text("DELETE FROM thing"))
    session.add(copy_of(thing))
    await session.flush()
    by_session = await _rows_in_database(connection)
    session.sync_session.expunge_all()
    await connection.bound.execute(text("DELETE FROM thing"))

    assert by_repository == by_session


@WIDE
@given(thing=THINGS, other=THINGS)
async def test_a_row_is_read_as_a_session_reads_it_whoever_changed_it(
    connection: Any, thing: Thing, other: Thing
) -> None:
    session, things = connection.session, Things(connection.session)
    await things.insert(thing)
    row = await things.get(thing.thing_id, for_update=True)
    assert row is not None
    changes = {name: getattr(other, name) for name in Thing.model_fields if name != "thing_id"}
    before = {name: getattr(row, name) for name in changes}
    for name, value in changes.items():
        setattr(row, name, value)

    assert await things.save(row) is (before != changes)
    assert await things.save(row) is False

    by_session = await session.get(Thing, thing.thing_id)
    by_repository = await things.get(thing.thing_id)
    assert by_repository is not None
    assert by_repository is not by_session
    for name in Thing.model_fields:
        assert getattr(by_repository, name) == getattr(by_session, name)
        assert type(getattr(by_repository, name)) is type(getattr(by_session, name))
    session.sync_session.expunge_all()
    await connection.bound.execute(text("DELETE FROM thing"))


async def test_it_sees_what_the_session_has_not_flushed_and_the_session_sees_what_it_wrote(
    connection: Any,
) -> None:
    session, things = connection.session, Things(connection.session)
    pending = a_thing(name="pending")
    session.add(pending)
    seen = await things.get(pending.thing_id)
    assert seen is not None
    assert seen.name == "pending"

    seen.name = "by the repository"
    assert await things.save(seen)
    assert pending.name == "by the repository"
    assert (await session.get(Thing, pending.thing_id)).name == "by the repository"
    pending.name = "by the session"
    again = await things.get(pending.thing_id)
    assert again is not None
    assert again.name == "by the session"


async def test_what_belongs_to_the_session_is_written_by_the_session(connection: Any) -> None:
    session, things = connection.session, Things(connection.session)
    new = a_thing()
    session.add(new)
    await things.insert(new)
    new.name = "other"
    assert await things.save(new)
    assert not await things.save(new)
    assert len(await _rows_in_database(connection)) == 1
