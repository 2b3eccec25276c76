"""A row whose person was erased can be read, whatever the kinds of its columns."""

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DateTime,
    Enum,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Time,
    Uuid,
    create_engine,
    insert,
    select,
)

from amphibus.database.persons.bodies import Sought
from amphibus.database.persons.rows import erased_value

_ADA = Sought("C-ADA-1815", replacement="erased-1")
_WHEN = datetime(1815, 12, 10, 8, 30, tzinfo=UTC)


class _Kind(enum.Enum):
    READER = "reader"
    WRITER = "writer"


@contextmanager
def _in_memory() -> Iterator[Connection]:
    """A database of its own."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Date(), _WHEN.date()),
        (DateTime(), _WHEN.replace(tzinfo=None)),
        (Time(), _WHEN.time()),
        (Uuid(), UUID(int=7)),
        (Numeric(10, 2), Decimal("1815.12")),
        (Enum(_Kind), _Kind.WRITER),
        (Enum("reader", "writer", name="kind"), "writer"),
        (LargeBinary(), b"C-ADA-1815"),
        (JSON(), ["C-ADA-1815"]),
        (String(4), "C-ADA-1815"),
    ],
    ids=repr,
)
def test_what_takes_the_place_of_a_value_is_read_as_its_column_says(
    kind: Any, value: Any, nullable: bool
) -> None:
    table = Table("person", MetaData(), Column("value", kind, nullable=nullable))
    with _in_memory() as connection:
        table.create(connection)
        connection.execute(insert(table).values(value=value))
        (kept,) = connection.exec_driver_sql("SELECT value FROM person").one()
        erased = erased_value(table, "value", kept, _ADA)
        connection.exec_driver_sql("UPDATE person SET value = ?", (erased,))

        (read,) = connection.execute(select(table.c.value)).one()

    assert read != value
    assert "1815" not in str(read)
    assert nullable or read is not None


@pytest.mark.parametrize("value", [_WHEN, _WHEN.date(), UUID(int=7), Decimal("1815.12")])
def test_a_server_is_given_a_value_of_the_kind_that_it_gave(value: Any) -> None:
    kinds: dict[type, Any] = {datetime: DateTime(timezone=True), date: Date(), Decimal: Numeric()}
    table = Table(
        "person", MetaData(), Column("value", kinds.get(type(value), Uuid()), nullable=False)
    )

    erased = erased_value(table, "value", value, _ADA)

    assert (type(erased), erased != value) == (type(value), True)
