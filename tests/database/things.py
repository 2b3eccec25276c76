"""Tables with every kind of value, and their repositories, written by hand."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, Column, Integer, UniqueConstraint
from sqlmodel import Field, Relationship, SQLModel

from amphibus.columns import Cents, module_registry
from amphibus.repository import Repository


class Base(SQLModel, registry=module_registry()):
    """The tables of this file."""


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Thing(Base, table=True):
    """A row of every kind of value."""

    thing_id: UUID = Field(primary_key=True)
    name: str | None
    colour: Colour
    price: Decimal = Field(sa_type=Cents)
    pieces: int = 0
    weight: float | None = None
    fresh: bool
    seen: datetime
    day: date | None
    data: bytes
    notes: dict[str, Any] = Field(sa_type=JSON)


class Hashed(Base, table=True):
    """A row that says by a hash whether it is another."""

    key: str = Field(primary_key=True)
    hash_code: str
    told: str


class Counted(Base, table=True):
    """A row whose key the database counts, and that has a version."""

    number: int | None = Field(default=None, primary_key=True)
    shelf: str = Field(index=True)
    version: int | None = Field(default=None, sa_column=Column(Integer, nullable=False))
    __table_args__ = (UniqueConstraint("shelf", "number"),)


Counted.__mapper__.version_id_col = Counted.__table__.c.version  # type: ignore[attr-defined]


class Parent(Base, table=True):
    key: int = Field(primary_key=True)
    children: list["Child"] = Relationship()


class Child(Base, table=True):
    key: int = Field(primary_key=True)
    parent: int = Field(foreign_key="parent.key")


class Things(Repository[Thing]):
    table = Thing

    async def get(self, key: UUID, *, for_update: bool = False) -> Thing | None:
        return await self._get({"thing_id": key}, for_update=for_update)

    async def get_many(self, keys: list[UUID]) -> list[Thing]:
        return await self._get_many(keys, for_update=False)


class Hashes(Repository[Hashed]):
    table = Hashed

    async def get(self, key: str) -> Hashed | None:
        return await self._get({"key": key}, for_update=False)


class Shelf(Repository[Counted]):
    table = Counted

    async def get(self, key: int) -> Counted | None:
        return await self._get({"number": key}, for_update=False)

    async def page(self, shelf: str, after: Any, *, limit: int, descending: bool) -> Any:
        return await self._page(
            {"shelf": shelf}, ("number",), after, limit=limit, descending=descending
        )


_EARLIEST, _LATEST = datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2200-01-01")
_ZONES = st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours)))
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
THINGS = st.builds(
    Thing,
    thing_id=st.uuids(),
    name=st.none() | _TEXT,
    colour=st.sampled_from(Colour),
    price=st.decimals(-(10**9), 10**9, places=2),
    pieces=st.integers(-(2**31), 2**31 - 1),
    weight=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    fresh=st.booleans(),
    seen=st.datetimes(_EARLIEST, _LATEST, timezones=_ZONES),
    day=st.none() | st.dates(date(1, 1, 1)),
    data=st.binary(max_size=20),
    notes=st.dictionaries(_TEXT, st.none() | st.booleans() | st.integers() | _TEXT, max_size=3),
)
WIDE = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def copy_of(thing: Thing) -> Thing:
    return Thing(**{name: getattr(thing, name) for name in Thing.model_fields})


def a_thing(**given: Any) -> Thing:
    usual: dict[str, Any] = {"thing_id": uuid4(), "name": "n", "colour": Colour.RED}
    usual |= {"price": Decimal("1.00"), "fresh": True, "seen": datetime(2026, 1, 1, tzinfo=UTC)}
    return Thing(**(usual | {"day": None, "data": b"", "notes": {}} | given))
