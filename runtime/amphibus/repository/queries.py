"""The statements of repositories, made from the shapes of their tables, each once."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import Insert  # SQLite understands the same words
from sqlmodel import SQLModel

from amphibus.repository.shape import HASH_CODE, Shape, shape_of
from amphibus.repository.statement import ROW, Statement

_KEPT: Final = 4096
LIMIT: Final = "limit"
AFTER: Final = "after__"
"""Begins the name of a value that a page starts behind."""
NTH: Final = "nth__"
"""Begins the name of one of several keys."""


@lru_cache(maxsize=_KEPT)
def by_key(model: type[SQLModel], *, locked: bool) -> Statement:
    """Reads the row of a key."""
    shape = shape_of(model)
    return _read(_all(shape).where(*_equal(shape, shape.key)), locked=locked)


@lru_cache(maxsize=_KEPT)
def by_keys(model: type[SQLModel], count: int, *, locked: bool) -> Statement:
    """Reads the rows of so many keys, in the order of the keys."""
    shape = shape_of(model)
    key = shape.columns[shape.key[0]]
    asked = [bindparam(f"{NTH}{at}", type_=key.type) for at in range(count)]
    return _read(_all(shape).where(key.in_(asked)).order_by(key), locked=locked)


@lru_cache(maxsize=_KEPT)
def found(
    model: type[SQLModel],
    equal: tuple[str, ...],
    order: tuple[str, ...],
    *,
    descending: bool = False,
    behind: bool = False,
) -> Statement:
    """Reads the rows with some values, so many of them, in an order, from a place on."""
    shape = shape_of(model)
    ordered = [shape.columns[name] for name in order]
    query = _all(shape).where(*_equal(shape, equal)).limit(bindparam(LIMIT))
    if behind:
        place = tuple_(
            *(bindparam(f"{AFTER}{name}", type_=shape.columns[name].type) for name in order)
        )
        query = query.where(tuple_(*ordered) < place if descending else tuple_(*ordered) > place)
    return _read(query.order_by(*(each.desc() if descending else each for each in ordered)))


@lru_cache(maxsize=_KEPT)
def inserted(model: type[SQLModel], *, counted: bool) -> Statement:
    """Writes a new row; where the database counts its key up, returns that."""
    shape = shape_of(model)
    left_out = shape.given_by_database if counted else None
    new = Insert(shape.table).values(_values(shape, (x for x in shape.names if x != left_out)))
    return Statement(new.returning(shape.columns[left_out]) if left_out is not None else new)


@lru_cache(maxsize=_KEPT)
def upserted(model: type[SQLModel]) -> Statement:
    """Writes a row, or over the one of its key where that is another."""
    shape = shape_of(model)
    new = Insert(shape.table).values(_values(shape, shape.names))
    keys = [shape.columns[name] for name in shape.key]
    if not shape.others:
        return Statement(new.on_conflict_do_nothing(index_elements=keys))
    ours = {shape.columns[name].name for name in shape.others}
    return Statement(
        new.on_conflict_do_update(
            index_elements=keys,
            set_={name: new.excluded[name] for name in ours},
            where=_differs(
                (shape.columns[name], new.excluded[shape.columns[name].name])
                for name in _compared(shape)
            ),
        )
    )


@lru_cache(maxsize=_KEPT)
def updated(model: type[SQLModel]) -> Statement:
    """Writes all of a row over the one of its key where that is another."""
    shape = shape_of(model)
    differs = _differs((shape.columns[x], _given(shape, x)) for x in _compared(shape))
    return _written(shape, shape.others, differs)


@lru_cache(maxsize=_KEPT)
def saved(model: type[SQLModel], names: tuple[str, ...]) -> Statement:
    """Writes some fields of a row."""
    return _written(shape_of(model), names)


def _written(
    shape: Shape, names: Sequence[str], differs: ColumnElement[bool] | None = None
) -> Statement:
    changes = _values(shape, names)
    where = _equal(shape, shape.key)
    if shape.version is not None:
        version = shape.columns[shape.version]
        changes[version.name] = version + 1
        where.append(version == _given(shape, shape.version))
    if differs is not None:
        where.append(differs)
    return Statement(update(shape.table).where(and_(*where)).values(changes))


def _all(shape: Shape) -> Select[Any]:
    return select(*shape.columns.values())


def _read(query: Select[Any], *, locked: bool = False) -> Statement:
    return Statement(query.with_for_update() if locked else query)


def _given(shape: Shape, name: str) -> ColumnElement[Any]:
    return bindparam(f"{ROW}{name}", type_=shape.columns[name].type)


def _equal(shape: Shape, names: Iterable[str]) -> list[ColumnElement[bool]]:
    return [shape.columns[name] == _given(shape, name) for name in names]


def _values(shape: Shape, names: Iterable[str]) -> dict[str, ColumnElement[Any]]:
    return {shape.columns[name].name: _given(shape, name) for name in names}


def _compared(shape: Shape) -> Sequence[str]:
    """The fields that tell whether two rows of a key are the same."""
    if HASH_CODE in shape.others:
        return (HASH_CODE,)
    return [name for name in shape.others if name != shape.version]


def _differs(
    pairs: Iterable[tuple[ColumnElement[Any], ColumnElement[Any]]],
) -> ColumnElement[bool]:
    return or_(*(_text(one).is_distinct_from(_text(other)) for one, other in pairs))


def _text(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A document by its text: PostgreSQL compares no other."""
    return cast(value, Text()) if isinstance(value.type, JSON) else value
