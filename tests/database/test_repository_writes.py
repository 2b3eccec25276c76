"""What repositories write, what they refuse, and whom they tell."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from amphibus.database.lent_session import lend, take_back
from amphibus.database.store import UnitFailed
from amphibus.errors import AmphibusError, HandlerEnded, StaleRow
from amphibus.repository import Repository, Statement
from tests.database.things import (
    WIDE,
    Counted,
    Hashed,
    Hashes,
    Parent,
    Shelf,
    Thing,
    Things,
    a_thing,
    copy_of,
)

pytestmark = pytest.mark.asyncio


async def test_many_rows_come_in_the_order_of_their_keys(connection: Any) -> None:
    things = Things(connection.session)
    for number in range(300):
        await things.insert(a_thing(thing_id=UUID(int=number)))
    for count in (0, 1, 2, 3, 255, 256, 257, 300):
        found = await things.get_many([UUID(int=n) for n in reversed(range(count))])
        assert [each.thing_id.int for each in found] == list(range(count))


@pytest.mark.parametrize("write", [Hashes.upsert, Hashes.update])
async def test_a_row_of_the_same_hash_is_not_written(
    connection: Any, write: Callable[[Hashes, Hashed], Any]
) -> None:
    rows = Hashes(connection.session)
    await rows.insert(Hashed(key="a", hash_code="1", told="first"))

    assert not await write(rows, Hashed(key="a", hash_code="1", told="other"))
    assert (await rows.get("a")).told == "first"  # type: ignore[union-attr]
    assert await write(rows, Hashed(key="a", hash_code="2", told="second"))
    assert (await rows.get("a")).told == "second"  # type: ignore[union-attr]


async def test_without_a_hash_all_columns_are_compared(connection: Any) -> None:
    things = Things(connection.session)
    thing = a_thing(name=None, notes={"a": 1})
    assert await things.upsert(copy_of(thing))
    assert not await things.upsert(copy_of(thing))
    assert not await things.update(copy_of(thing))
    for changed in ({"name": "n"}, {"notes": {"a": 2}}, {"day": date(2026, 1, 1)}):
        other = copy_of(thing)
        for name, value in changed.items():
            setattr(other, name, value)
        assert await things.update(copy_of(other))
        assert not await things.upsert(copy_of(other))
        assert await things.upsert(copy_of(thing))


async def test_an_older_version_is_not_written_over_a_later_one(connection: Any) -> None:
    shelf = Shelf(connection.session)
    made = Counted(shelf="s")
    await shelf.insert(made)
    assert made.number is not None
    assert made.version == 1
    mine, theirs = await shelf.get(made.number), await shelf.get(made.number)
    assert mine is not None
    assert theirs is not None
    mine.shelf, theirs.shelf = "mine", "theirs"

    assert await shelf.save(mine)
    assert mine.version == 2
    for write in (shelf.save, shelf.update):
        with pytest.raises(StaleRow):
            await write(theirs)
    with pytest.raises(AmphibusError, match="has a version"):
        await shelf.upsert(mine)
    mine.shelf = "mine again"
    assert await shelf.update(mine)
    assert (await shelf.get(made.number)).version == 3  # type: ignore[union-attr]


async def test_a_row_that_is_gone_is_not_saved_without_a_word(connection: Any) -> None:
    things, thing = Things(connection.session), a_thing()
    await things.insert(thing)
    await connection.bound.execute(text("DELETE FROM thing"))
    thing.name = "other"
    with pytest.raises(StaleRow):
        await things.save(thing)
    with pytest.raises(StaleRow):
        await things.update(thing)
    with pytest.raises(AmphibusError, match="never read"):
        await things.save(a_thing())


@WIDE
@given(count=st.integers(0, 12), limit=st.integers(1, 5), descending=st.booleans())
async def test_pages_together_are_all_rows_once(
    connection: Any, count: int, limit: int, descending: bool
) -> None:
    shelf = Shelf(connection.session)
    for number in range(count):
        await shelf.insert(Counted(number=number + 1, shelf="a"))
        await shelf.insert(Counted(number=number + 101, shelf="b"))
    found, after = [], None
    for _ in range(count + 1):
        page = await shelf.page("a", after, limit=limit, descending=descending)
        found += [each.number for each in page.rows]
        after = page.next
        if after is None:
            break
    await connection.bound.execute(text("DELETE FROM counted"))

    assert after is None
    assert found == sorted(range(1, count + 1), reverse=descending)


async def test_a_taken_key_is_told_as_a_session_tells_it_and_without_values(
    connection: Any,
) -> None:
    things, thing = Things(connection.session), a_thing(name="Ada")
    await things.insert(thing)
    with pytest.raises(IntegrityError) as caught:
        await things.insert(copy_of(thing))
    assert "Ada" not in str(caught.value)


@pytest.mark.parametrize("ending", ["COMMIT", "ROLLBACK", "/* at last */ END"])
async def test_a_statement_cannot_end_the_transaction(connection: Any, ending: str) -> None:
    with pytest.raises(UnitFailed):
        await Statement(text(ending)).run(connection.session, {})
    assert connection.in_transaction


async def test_after_its_handler_it_is_refused(connection: Any) -> None:
    lent = lend(connection.session)
    things = Things(lent)
    assert await things.get(uuid4()) is None
    take_back(lent)
    with pytest.raises(HandlerEnded):
        await things.get(uuid4())


async def test_a_statement_takes_its_own_values_and_no_open_lists(connection: Any) -> None:
    table: Any = Thing.__table__  # type: ignore[attr-defined]
    await Things(connection.session).insert(a_thing(pieces=3))
    assert (
        await Statement(update(table).values(pieces=table.c.pieces + 4)).run(connection.session, {})
        == 1
    )
    assert await Statement(table.select().with_only_columns(table.c.pieces)).rows(
        connection.session, {}
    ) == [[7]]
    with pytest.raises(AmphibusError, match="not the same for all"):
        await Statement(table.delete().where(table.c.pieces.in_([1, 2]))).run(
            connection.session, {}
        )


async def test_what_the_orm_alone_can_write_is_refused(connection: Any) -> None:
    class Parents(Repository[Parent]):
        table = Parent

    with pytest.raises(AmphibusError, match="relationships: children"):
        Parents(connection.session)
