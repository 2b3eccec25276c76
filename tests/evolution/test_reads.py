"""The harness notes which fields of an event each module's handler reads, however it does so."""

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from amphibus.contract import Event, Key, Value
from amphibus.module import Module, on
from amphibus.routing.codec import fill
from amphibus.routing.project import Project
from amphibus.testing import Harness


class Owner(Value):
    name: Key
    town: Key = "Ely"


class Moved(Event, key="shelf"):
    """A shelf was moved."""

    shelf: Key
    pieces: int = 1
    note: Key | None = None
    owner: Owner = Owner(name="Ada")
    former: tuple[Owner, ...] = (Owner(name="Bo"),)
    by_room: Mapping[str, Owner] = Field(default_factory=lambda: {"hall": Owner(name="Cy")})


class Pieces(Value):
    pieces: int


class Told(Event):
    """Somebody was told."""

    owner: Owner | None = None


for _each in (Moved, Told):
    _each.contract_owner, _each.contract_name = "house", _each.__name__
    _each.contract_type, _each.contract_version = f"house.{_each.__name__}.v1", 1

Read = Callable[[Moved], Any]


async def _read_by(read: Read, tmp_path: Path) -> set[str]:
    async def handler(message: Moved, context: Any) -> None:
        found = read(message)
        context.publish(Told(owner=found if isinstance(found, Owner) else None))

    async def nothing(message: Moved, _: Any) -> None:
        assert type(message) is Moved

    modules = (
        Module(name="house", publishes=(Moved,)),
        Module(name="street", subscribes=(on(Moved, handler),), publishes=(Told,)),
        Module(name="lane", subscribes=(on(Moved, nothing),)),
    )
    Told.contract_owner = "street"
    project = Project.declared(tmp_path, contracts=(Moved, Told), modules=modules)
    async with Harness.of(project, modules=("street", "lane")) as office:
        await office.publish(Moved(shelf="A1"))
        await office.settle()
        assert office.dead("street") == []
    assert "__getattribute__" not in vars(Value), "the classes are as they were"
    (file,) = (tmp_path / "reads").iterdir()
    rows = {row["module"]: row for row in json.loads(file.read_text())}
    assert rows["lane"]["paths"] == ["shelf"]
    assert rows["street"]["type"] == "house.Moved.v1"
    assert rows["street"]["test"].endswith("test_what_a_handler_reads_is_noted")
    return set(rows["street"]["paths"]) - {"shelf"}


def _matched(message: Moved) -> str:
    match message:
        case Moved(pieces=1):
            return "one"
        case _:
            return "more"


@pytest.mark.parametrize(
    ("read", "paths"),
    [
        (lambda _: None, set()),
        (lambda it: it.pieces, {"pieces"}),
        (lambda it: getattr(it, "note"), {"note"}),  # noqa: B009 - another way to read it
        (_matched, {"pieces"}),
        (lambda it: it.owner.town, {"owner", "owner.town"}),
        (lambda it: [each.name for each in it.former], {"former", "former[].name"}),
        (lambda it: it.by_room["hall"].name, {"by_room", "by_room.*.name"}),
        (lambda it: it.owner, {"owner", "owner.**"}),
        (lambda it: it.model_dump(), {"**"}),
        (lambda it: it.owner.model_dump_json(), {"owner", "owner.**"}),
        (dict, {"**"}),
        (copy.copy, {"**"}),
        (lambda it: it == Moved(shelf="B"), {"**"}),
        (lambda it: it.key_value(), set()),
        (lambda it: fill(Pieces, it), set()),
    ],
)
@pytest.mark.asyncio
async def test_what_a_handler_reads_is_noted(
    read: Read, paths: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that goes on to somebody else as a whole is read as a whole; what the runtime reads does not count."""
    monkeypatch.setenv("AMPHIBUS_TEST_READS", str(tmp_path / "reads"))
    (tmp_path / "config").mkdir()
    (tmp_path / "config/amphibus.toml").write_text("")
    assert await _read_by(read, tmp_path) == paths
