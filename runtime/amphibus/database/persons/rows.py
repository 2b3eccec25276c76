"""A module's own rows about a person, as its front page declares them."""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from amphibus.database.persons.bodies import Sought, replaced
from amphibus.database.sql import Sql
from amphibus.module import PersonalRows

if TYPE_CHECKING:
    from sqlalchemy import Table  # who only looks at stores loads no ORM
    from sqlalchemy.types import TypeEngine

_PREFIX: Final = "table "
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class PersonalRow(NamedTuple):
    """A row about a person: its primary key, and its personal values by column."""

    identity: tuple[Any, ...]
    values: dict[str, Any]

    @property
    def key(self) -> str:
        """Returns the primary key as a text, as a process of that row has it as its key."""
        return plain_key("/".join(map(str, self.identity)))


def plain_key(text: str) -> str:
    """Returns a key as it is compared: a UUID is written with lines or without."""
    return text.replace("-", "").lower()


def place_of(declared: PersonalRows) -> str:
    """Returns the name of the place where rows of a table stand."""
    return f"{_PREFIX}{_table(declared).name}"


def declared_at(place: str, personal: Sequence[PersonalRows]) -> PersonalRows:
    """Returns what is declared of the table of a place."""
    return next(each for each in personal if place_of(each) == place)


async def personal_rows(sql: Sql, declared: PersonalRows, person: Sought) -> list[PersonalRow]:
    """Returns all rows of a table about a person."""
    table = _table(declared)
    keys = [each.name for each in table.primary_key.columns]
    names = ", ".join(map(_quoted, [*keys, *declared.erases]))
    where = " OR ".join(f"{_quoted(each)} = ?" for each in declared.whose)
    rows = await sql.rows(
        f"SELECT {names} FROM {_quoted(table.name)} WHERE {where}",
        *[person.subject] * len(declared.whose),
    )
    many = len(keys)
    return [
        PersonalRow(tuple(row)[:many], dict(zip(declared.erases, tuple(row)[many:], strict=True)))
        for row in rows
    ]


async def erase_rows(
    sql: Sql, declared: PersonalRows, person: Sought, under_way: Collection[str]
) -> int:
    """Replaces what is personal in the rows about a person that are not under way; returns how many there were."""
    table = _table(declared)
    stays = {plain_key(each) for each in under_way}
    found = [row for row in await personal_rows(sql, declared, person) if row.key not in stays]
    keys = [each.name for each in table.primary_key.columns]
    await sql.many(
        f"UPDATE {_quoted(table.name)} SET {_assigned(declared.erases, ', ')}"
        f" WHERE {_assigned(keys, ' AND ')}",
        [
            (
                *(erased_value(table, name, value, person) for name, value in row.values.items()),
                *row.identity,
            )
            for row in found
        ],
    )
    return len(found)


def _assigned(names: Sequence[str], between: str) -> str:
    return between.join(f"{_quoted(each)} = ?" for each in names)


def erased_value(table: "Table", name: str, value: Any, person: Sought) -> Any:
    """Returns what takes the place of a value in its column: naming nobody, and read as the column says."""
    from sqlalchemy import JSON

    column = table.columns[name]
    kind = column.type
    if value is None:
        return None
    if _is_no_text(kind):
        return None if column.nullable else _nobody(kind, value)
    if isinstance(kind, JSON):
        empty: Any = [] if str(value).lstrip().startswith("[") else {}
        return json.dumps(empty)
    other, longest = replaced(value, person), getattr(kind, "length", None)
    return other[:longest] if isinstance(other, str) else other


def _is_no_text(kind: "TypeEngine[Any]") -> bool:
    """Returns whether a text that is put there could not be read again."""
    from sqlalchemy import types

    inner = kind.impl_instance if isinstance(kind, types.TypeDecorator) else kind
    days = (types.Date, types.DateTime, types.Time, types.Interval)
    numbers = (types.Integer, types.Numeric, types.Boolean)
    return isinstance(inner, (*days, *numbers, types.Uuid, types.Enum, types.LargeBinary))


def _nobody(kind: "TypeEngine[Any]", value: Any) -> Any:
    """The value of a kind that tells nobody, as a database gave another one."""
    from sqlalchemy import Enum

    if isinstance(kind, Enum):
        return kind.enums[0]
    if isinstance(value, datetime):
        return _FIRST.replace(tzinfo=value.tzinfo)
    if isinstance(value, date):
        return _FIRST.date()
    if isinstance(value, str) and value[2:3] == ":":
        return "00:00:00.000000"
    if isinstance(value, str):  # a day, an instant or a UUID, as SQLite keeps it
        return "1970-01-01 00:00:00.000000"[: len(value)] if value[4:5] == "-" else "0" * 32
    return type(value)(int=0) if isinstance(value, UUID) else type(value)()


def _table(declared: PersonalRows) -> "Table":
    found: Table = declared.table.__table__  # type: ignore[attr-defined]
    return found


def _quoted(name: str) -> str:
    return f'"{name}"'
