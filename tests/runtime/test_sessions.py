"""The session of handlers loads what SQLModel's own session loads, with the same statements."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, event
from sqlmodel import Field, Relationship, Session, SQLModel

from amphibus.columns import module_registry
from amphibus.database.sessions import ModuleSession


class Base(SQLModel, registry=module_registry()):
    """All tables of these tests."""


class Shelf(Base, table=True):
    """One key."""

    id: int = Field(primary_key=True)
    name: str = ""


class Place(Base, table=True):
    """Two keys."""

    row: int = Field(primary_key=True)
    column: int = Field(primary_key=True)


class Label(Base, table=True):
    """With a relationship."""

    id: int = Field(primary_key=True)
    box_id: int | None = Field(default=None, foreign_key="box.id")


class Box(Base, table=True):
    """The other end of it, loaded with its labels."""

    id: int = Field(primary_key=True)
    labels: list[Label] = Relationship(sa_relationship_kwargs={"lazy": "joined"})


KEYS = st.integers(0, 2)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), KEYS),
        st.tuples(st.just("get"), KEYS),
        st.tuples(st.just("lock"), KEYS),
        st.tuples(st.just("name"), KEYS),
        st.tuples(st.just("delete"), KEYS),
        st.tuples(st.just("forget"), KEYS),
    ),
    max_size=12,
)


@given(STEPS)
def test_it_answers_and_asks_as_sqlmodels_own(steps: list[tuple[str, int]]) -> None:
    assert _story(ModuleSession, steps) == _story(Session, steps)


@pytest.mark.parametrize(
    ("entity", "key"), [(Place, (1, 2)), (Place, {"row": 1, "column": 2}), (Box, 1), (Shelf, (1,))]
)
def test_what_is_not_plain_is_left_to_sqlalchemy(entity: type[Base], key: Any) -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with ModuleSession(engine) as session:
        session.add_all([Place(row=1, column=2), Shelf(id=1), Box(id=1)])
        session.add_all([Label(id=1, box_id=1), Label(id=2, box_id=1)])
        session.commit()
        session.expunge_all()
        found = session.get(entity, key)

        assert isinstance(found, entity)
        assert session.get(entity, key, populate_existing=True) is found
    engine.dispose()


def _story(kind: type[Session], steps: list[tuple[str, int]]) -> list[Any]:
    """What comes of the steps, and which statements the database sees."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    on_confirm: list[Any] = []
    with kind(engine) as session:
        event.listen(
            engine,
            "before_cursor_execute",
            lambda *seen: on_confirm.append((seen[2], tuple(seen[3]))),
        )
        for what, key in steps:
            on_confirm.append(_one(session, what, key))
        session.flush()
    engine.dispose()
    return on_confirm


def _one(session: Session, what: str, key: int) -> Any:
    if what == "forget":
        session.flush()
        return session.expunge_all()
    options: Any = {"with_for_update": True} if what == "lock" else {}
    shelf = session.get(Shelf, key, **options)
    if what == "add" and shelf is None:
        session.add(Shelf(id=key))
    elif what == "name" and shelf is not None:
        shelf.name += "x"
    elif what == "delete" and shelf is not None:
        session.delete(shelf)
        session.flush()
    return shelf and (shelf.name, shelf is session.get(Shelf, key))
