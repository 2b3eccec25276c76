"""The shape of a table: its columns, and how its rows become objects of its class and back."""

import marshal
from collections.abc import Mapping
from collections.abc import Sequence as Values
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from sqlalchemy import Column, Sequence, Table, inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.attributes import instance_state
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.errors import AmphibusError

HASH_CODE: Final = "hash_code"
"""The column that says by one value whether two rows of a key are the same."""
_IMMUTABLE: Final = (
    str, bytes, int, float, Decimal, date, time, timedelta, UUID, Enum, NoneType,
)  # fmt: skip
_WITHOUT_REFERENCES: Final = 0
_AS_READ: Final = "amphibus_as_read"


class Shape:
    """The columns of a table by the names of their fields. Lives as long as the process."""

    def __init__(self, model: type[SQLModel]) -> None:
        mapper: Mapper[Any] = inspect(model)
        problem = _problem(mapper)
        if problem is not None:
            raise AmphibusError(
                f"the table of {model.__name__} is more than a repository can write",
                problem,
                "use context.db for it",
            )
        self.model = model
        assert isinstance(mapper.local_table, Table)
        self.table = mapper.local_table
        self.columns: dict[str, Column[Any]] = {
            mapper.get_property_by_column(column).key: column for column in self.table.columns
        }
        self.names = tuple(self.columns)
        self.key = tuple(mapper.get_property_by_column(each).key for each in mapper.primary_key)
        self.others = tuple(each for each in self.names if each not in self.key)
        number = mapper.version_id_col
        self.version = None if number is None else mapper.get_property_by_column(number).key
        self.given_by_database = _counted(self.table)
        """The key's field, if the database counts it up."""
        self._defaults: dict[str, Any] = {
            name: column.default for name, column in self.columns.items() if column.default
        }
        self.mutable = tuple(
            name
            for name, info in model.model_fields.items()
            if name in self.columns and _is_mutable(info.annotation)
        )
        """Fields whose values can be changed where they are, which SQLAlchemy does not notice."""
        self._manager = mapper.class_manager
        self._identity = mapper.class_

    def loaded(self, values: Values[Any]) -> Any:
        """An object of a row that stands in the database, which notes its changes."""
        row = self._manager.new_instance()
        vars(row).update(zip(self.names, values, strict=True))
        state = instance_state(row)
        state.key = self.identity(vars(row))
        if self.mutable:
            state.info[_AS_READ] = self._said(row)
        return row

    def complete(self, row: SQLModel) -> None:
        """Gives a new row what its columns have by default, as SQLAlchemy does where a field is None."""
        values = vars(row)
        for name, default in self._defaults.items():
            if values.get(name) is None:
                value = default.arg
                setattr(row, name, value(None) if default.is_callable else value)
        if self.version is not None and values.get(self.version) is None:
            setattr(row, self.version, 1)

    def identity(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The key under which SQLAlchemy knows a row."""
        return self._identity, tuple([values[name] for name in self.key]), None

    def changed(self, row: SQLModel) -> list[str]:
        """The fields that were set to something else since the row was read or written."""
        values, state = vars(row), instance_state(row)
        before = state.committed_state
        found = [name for name in self.names if name in before and before[name] != values.get(name)]
        if self.mutable and (as_read := state.info.get(_AS_READ)) is not None:
            now = self._said(row)
            found += [
                each for each in self.mutable if now[each] != as_read[each] and each not in found
            ]
        return found

    def _said(self, row: SQLModel) -> dict[str, object]:
        return {name: _in_short(vars(row).get(name)) for name in self.mutable}

    def written(self, row: SQLModel, session: AsyncSession) -> None:
        """Notes that a row stands in the database as it is, for itself and for the session's object of it."""
        state = instance_state(row)
        state.committed_state.clear()
        state.key = self.identity(vars(row))
        if self.mutable:
            state.info[_AS_READ] = self._said(row)
        known = session.sync_session.identity_map
        if known and (twin := known.get(state.key)) is not None and twin is not row:
            for name in self.names:
                _set_silently(twin, name, vars(row)[name])


@lru_cache(maxsize=1024)
def shape_of(model: type[SQLModel]) -> Shape:
    """The shape of a table.

    Raises:
        AmphibusError: the table has what the ORM alone knows how to write.
    """
    return Shape(model)


@lru_cache(maxsize=1024)
def is_plain(model: type[SQLModel]) -> bool:
    """True if a repository can read and write the table."""
    return _problem(inspect(model)) is None


def _set_silently(row: Any, name: str, value: Any) -> None:
    state: Any = instance_state(row)
    state.manager[name].impl.set_committed_value(state, state.dict, value)


def _counted(table: Any) -> str | None:
    column = table.autoincrement_column
    return None if column is None or column.foreign_keys else str(column.key)


def _problem(mapper: Mapper[Any]) -> str | None:
    """Names what only the ORM knows how to write of a table, if there is such a thing."""
    if mapper.relationships:
        return f"it has relationships: {', '.join(mapper.relationships.keys())}"
    if mapper.inherits is not None or mapper.polymorphic_on is not None:
        return "it is one of a hierarchy of classes"
    if len(mapper.tables) != 1 or len(mapper.column_attrs) != len(mapper.local_table.columns):
        return "its fields are not the columns of one table"
    for column in mapper.local_table.columns:
        if column.server_default is not None or isinstance(column.default, Sequence):
            return f"the database gives its column {column.name} a value"
        if column.onupdate is not None or column.server_onupdate is not None:
            return f"its column {column.name} changes with each update"
    return None


def _in_short(value: Any) -> object:
    """Returns what is the same for equal values of JSON, made as fast as can be; of others, their text."""
    try:
        return marshal.dumps(value, _WITHOUT_REFERENCES)
    except ValueError:
        return repr(value)


def _is_mutable(kind: Any) -> bool:
    """Returns whether a value of a field's type can be changed where it is."""
    if get_origin(kind) in (Union, UnionType, Annotated):
        inside = get_args(kind) if get_origin(kind) is not Annotated else get_args(kind)[:1]
        return any(map(_is_mutable, inside))
    if get_origin(kind) is Literal:
        return False
    return not (isinstance(kind, type) and issubclass(kind, _IMMUTABLE))
