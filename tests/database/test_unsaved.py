"""A row that a handler changes and does not save is no silent loss: the handler fails, and says which row."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from amphibus.database.lent_session import lend, look_back
from amphibus.errors import UnsavedRow
from amphibus.repository import Repository
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from amphibus.testing.conformance.tables import ArchiveLine
from tests.database.things import Thing, Things, a_thing

pytestmark = pytest.mark.asyncio
Use = Callable[[Things, Any], Awaitable[object]]


class Lines(Repository[ArchiveLine]):
    __slots__ = ()
    table = ArchiveLine


async def _read(rows: Things, thing_id: Any) -> Thing:
    found = await rows.get(thing_id)
    assert found is not None
    return found


async def _changed(rows: Things, thing_id: Any) -> None:
    (await _read(rows, thing_id)).pieces = 7


async def _changed_inside(rows: Things, thing_id: Any) -> None:
    (await _read(rows, thing_id)).notes["a"] = 2


async def _changed_after_save(rows: Things, thing_id: Any) -> None:
    row = await _read(rows, thing_id)
    row.pieces = 7
    await rows.save(row)
    row.pieces = 8


async def _changed_after_insert(rows: Things, _: Any) -> None:
    row = a_thing(thing_id=uuid4())
    await rows.insert(row)
    row.pieces = 8


async def _changed_of_many(rows: Things, thing_id: Any) -> None:
    (await rows.get_many([thing_id]))[0].pieces = 8


@pytest.mark.parametrize(
    ("use", "fields"),
    [
        (_changed, "pieces"),
        (_changed_inside, "notes"),
        (_changed_after_save, "pieces"),
        (_changed_after_insert, "pieces"),
        (_changed_of_many, "pieces"),
    ],
)
async def test_what_was_changed_and_not_saved_is_named(
    connection: Any, use: Use, fields: str
) -> None:
    session = lend(connection.session)
    thing = a_thing(notes={"a": 1}, pieces=1)
    await Things(connection.session).insert(thing)
    await use(Things(session), thing.thing_id)

    with pytest.raises(UnsavedRow, match=f"was changed and not saved: {fields}\n") as refused:
        look_back(session)
    assert "Thing " in refused.value.what
    assert "await rows.save(row)" in refused.value.fix


async def _only_read(rows: Things, thing_id: Any) -> None:
    assert (await _read(rows, thing_id)).notes == {"a": 1}


async def _saved(rows: Things, thing_id: Any) -> None:
    row = await _read(rows, thing_id)
    row.pieces = 7
    row.notes["a"] = 2
    assert await rows.save(row)
    again = await _read(rows, thing_id)
    assert (again.pieces, again.notes) == (7, {"a": 2})


async def _changed_back(rows: Things, thing_id: Any) -> None:
    row = await _read(rows, thing_id)
    row.pieces += 1
    row.pieces -= 1


async def _changed_a_copy(rows: Things, thing_id: Any) -> None:
    (await _read(rows, thing_id)).model_copy().pieces = 8


async def _updated(rows: Things, thing_id: Any) -> None:
    row = await _read(rows, thing_id)
    row.notes = {"b": 3}
    assert await rows.update(row)


@pytest.mark.parametrize("use", [_only_read, _saved, _changed_back, _changed_a_copy, _updated])
async def test_what_is_read_or_saved_passes(connection: Any, use: Use) -> None:
    session = lend(connection.session)
    thing = a_thing(notes={"a": 1}, pieces=1)
    await Things(connection.session).insert(thing)
    await use(Things(session), thing.thing_id)
    look_back(session)


async def test_a_handler_that_forgets_to_save_fails_and_its_message_says_why(
    tmp_path: Path,
) -> None:
    """Nothing of what it did is kept, and nobody believes that it was."""

    async def hear(message: desk.Written, context: Any) -> None:
        rows = Lines(context.db)
        row = ArchiveLine(book=message.book, line=message.line, what="heard", late=False)
        await rows.insert(row)
        row.what = "changed"

    office = Office("memory", tmp_path)
    async with office.open(
        business=project(hear=hear), settings={"bus.quick_retries": 0, "bus.max_attempts": 1}
    ) as shop:
        await shop.send(desk.Write(book="a", line=1))
        await shop.settle()
        (letter,) = shop.dead("archive")

    assert "UnsavedRow: ArchiveLine 1 was changed and not saved: what" in letter["error"]
    assert [what for _, _, what in office.lines("archive")] == ["filed"]
