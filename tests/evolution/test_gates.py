# ruff: noqa: E501 - a row is a row
"""Each change has the gravity that the catalogue gives it, in each position that a field can stand in."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Final

import pytest

from amphibus.contract import Message
from amphibus.evolution.assessment import assess
from amphibus.evolution.differences.rules import RULES
from amphibus.evolution.findings import Finding
from amphibus.evolution.forms.form import form_of
from amphibus.evolution.proof.sides import Classes
from amphibus.evolution.proof.trials import with_documents

_PAGE: Final = """
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from pydantic import AliasChoices, AliasPath, AwareDatetime, ConfigDict, Discriminator, Field, PastDate, StringConstraints, Tag, computed_field, field_serializer, field_validator, model_serializer

from amphibus.contract import *

class Round(Value):
    type: Literal["round"]
    size: int

class Square(Value):
    type: Literal["square"]
    side: int

class Ring(Value):
    type: Literal["round"]
    size: int
    width: int = 1

class Ball(Value):
    type: Literal["round"] = "round"
    size: int

class Disc(Value):
    type: Literal["disc"]
    size: int

class Edge(Value):
    kind: Literal["square"]
    side: int

class Circle(Value):
    kind: Literal["round"]
    size: int

class Open(str, Enum):
    RED = "red"
    BLUE = "blue"

    @classmethod
    def _missing_(cls, value: object) -> "Open":
        return cls.RED

class OpenMore(str, Enum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"

    @classmethod
    def _missing_(cls, value: object) -> "OpenMore":
        return cls.RED

class Shut(str, Enum):
    RED = "red"
    BLUE = "blue"

class Wide(str, Enum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"
"""
_HELD: Final = """
class Held(Value{config}):
{fields}
{contract}
"""
_POSITIONS: Final = {
    "event": "class Made(Event, key='id'{config}):\n    id: Key\n{fields}",
    "command": "class Make(Command[None], key='id'{config}):\n    id: Key\n{fields}",
    "query": "class Ask(Query[Round]{config}):\n    id: Key\n{fields}",
    "reply": "class Ask(Query[Held]):\n    id: Key",
    "body": "class Make(Command[None], key='id', http=Post('/v1/things/{{id}}', summary='Make'){config}):\n    id: Key\n{fields}",
    "parameters": "class Ask(Query[Round], http=Get('/v1/things/{{id}}', summary='Ask'){config}):\n    id: Key\n{fields}",
    "answer": "class Ask(Query[Held], http=Get('/v1/things/{{id}}', summary='Ask')):\n    id: Key",
    "value of an event": "class Made(Event, key='id'):\n    id: Key\n    held: Held",
    "value of a command": "class Make(Command[None], key='id'):\n    id: Key\n    held: tuple[Held, ...]",
}


@dataclass(frozen=True)
class Row:
    """A change of fields, with the letters of the catalogue for an event, a command, a query, and a reply."""

    rule: str
    old: str
    new: str
    letters: str
    http: str = ""
    """For a body and for parameters, where these differ: they are read by the gateway."""

    def letter(self, position: str) -> str:
        place = {"event": 0, "command": 1, "query": 2, "reply": 3, "answer": 3,
                 "value of an event": 0, "value of a command": 1, "body": 1, "parameters": 2}[position]  # fmt: skip
        return (
            self.http if self.http and position in ("body", "parameters") else self.letters[place]
        )


_SHAPE: Final = "x: Annotated[Round | Square, Field(discriminator='type')]"
_NAMED: Final = "x: Mapping[{}, int]"
_LETTERS: Final = "Annotated[str, StringConstraints(pattern='^[a-{}]$')]"
_BOTH: Final = (
    "y: Annotated[int, Field(validation_alias=AliasChoices('y', 'x'), serialization_alias='{}')]"
)
_COMPUTED: Final = "x: int\n@computed_field\n@property\ndef y(self) -> {}:\n    return {}"
_LOOKED_AT: Final = (
    "x: {}\n@field_validator('x')\n@classmethod\ndef _v(cls, x: int) -> int:\n    return {}"
)
ROWS: Final = {
    "optional field added": Row("FLD01", "x: int", "x: int\ny: int = 1", "IIII"),
    "optional field added, others forbidden": Row("FLD02", "x: int # forbid", "x: int\ny: int = 1 # forbid", "EWWE"),
    "required field added": Row("FLD03", "x: int", "x: int\ny: int", "EEEI"),
    "required field removed": Row("FLD05", "x: int\ny: int", "x: int", "EWWE", "E FLD07"),
    "optional field removed": Row("FLD06", "x: int\ny: int = 1", "x: int", "WWWW", "E FLD07"),
    "field removed, others forbidden": Row("FLD07", "x: int\ny: int = 1 # forbid", "x: int # forbid", "EEEE"),
    "required field renamed": Row("FLD08", "x: int", "y: int", "EEEE"),
    "optional field renamed": Row("FLD08", "x: int = 1", "y: int = 1", "EEEE"),
    "name on the wire changed": Row("FLD09", "x: int", "x: Annotated[int, Field(alias='y')]", "EEEE"),
    "renaming begins": Row("FLD17", "x: int", _BOTH.format("x"), "IIII"),
    "renaming goes on": Row("FLD17", _BOTH.format("x"), _BOTH.format("y"), "IIII"),
    "renaming ends": Row("FLD09", _BOTH.format("y"), "y: int", "WWWW"),
    "renamed at both ends at once": Row("FLD08", "x: int = 1", f"{_BOTH.format('y')} = 1", "EIIE"),
    "no longer written": Row("FLD06", "x: int = 1", "x: Annotated[int, Field(exclude=True)] = 1", "WWWW"),
    "needed and no longer written": Row("FLD05", "x: int", "x: Annotated[int, Field(exclude=True)]", "EWWE"),
    "computed field removed": Row("FLD15", _COMPUTED.format("int", "1"), "x: int", "EIIE"),
    "computed field of another type": Row("FLD15", _COMPUTED.format("int", "1"), _COMPUTED.format("str", "'1'"), "EIIE"),
    "computed field must be given": Row("FLD03", _COMPUTED.format("int", "1"), "x: int\ny: int", "IEEI"),
    "field is computed now": Row("FLD06", "x: int\ny: int", _COMPUTED.format("int", "1"), "WWWW", "E FLD07"),
    "default removed": Row("FLD10", "x: int = 1", "x: int", "WEEI"),
    "default given": Row("FLD11", "x: int", "x: int = 1", "WIIW"),
    "default changed": Row("FLD12", "x: int = 1", "x: int = 2", "WWWW"),
    "may be null": Row("FLD13", "x: int", "x: int | None", "EIIE"),
    "may not be null": Row("FLD14", "x: int | None", "x: int", "EEEI"),
    "others forbidden": Row("FLD16", "x: int", "x: int # forbid", "EWWE"),
    "another type": Row("TYP01", "x: int", "x: Key", "EEEE"),
    "wider": Row("TYP02", "x: int", "x: int | Key", "EIIE"),
    "narrower": Row("TYP03", "x: int | Key", "x: int", "EEEI"),
    "id becomes text": Row("TYP04", "x: UUID", "x: Key", "EEEE"),
    "zone not needed": Row("TYP04", "x: AwareDatetime", "x: datetime", "EEEE"),
    "day becomes time": Row("TYP04", "x: date", "x: AwareDatetime", "EEEE"),
    "becomes a list": Row("TYP05", "x: int", "x: tuple[int, ...]", "EEEE"),
    "tuple of any length": Row("TYP06", "x: tuple[int, int]", "x: tuple[int, ...]", "EIIE"),
    "place of a tuple": Row("TYP01", "x: tuple[int, int]", "x: tuple[int, Key]", "EEEE"),
    "values of a mapping": Row("TYP01", "x: Mapping[str, int]", "x: Mapping[str, Key]", "EEEE"),
    "fewer names": Row("ENM03", _NAMED.format("Literal['a', 'b', 'c']"), _NAMED.format("Literal['a', 'b']"), "EEEI"),
    "more names": Row("ENM01", _NAMED.format("Literal['a', 'b']"), _NAMED.format("Literal['a', 'b', 'c']"), "EIIE"),
    "names of a member more": Row("ENM01", _NAMED.format("Shut"), _NAMED.format("Wide"), "EIIE"),
    "narrower names": Row("CON03", _NAMED.format(_LETTERS.format("c")), _NAMED.format(_LETTERS.format("b")), "EEEW"),
    "wider names": Row("CON03", _NAMED.format(_LETTERS.format("b")), _NAMED.format(_LETTERS.format("c")), "EWWE"),
    "numbers as names": Row("TYP03", _NAMED.format("str"), _NAMED.format("int"), "EEEI"),
    "tuple longer": Row("TYP06", "x: tuple[int, int]", "x: tuple[int, int, int]", "EEEE"),
    "duration becomes a number": Row("TYP08", "x: timedelta", "x: int", "EEEE"),
    "strict": Row("TYP09", "x: int", "x: Annotated[int, Field(strict=True)]", "WWWW"),
    "validator": Row("TYP10", "x: int\n@field_validator('x')\n@classmethod\ndef _v(cls, x: int) -> int:\n    return x",
                     "x: int\n@field_validator('x')\n@classmethod\ndef _v(cls, x: int) -> int:\n    return abs(x)", "WWWW"),
    "validator of what may be null": Row("TYP10", _LOOKED_AT.format("int | None", "x"), _LOOKED_AT.format("int | None", "x or 1"), "WWWW"),
    "validator of one of several": Row("TYP10", "x: int | Key", _LOOKED_AT.format("int | Key", "x"), "WWWW"),
    "value added": Row("ENM01", "x: Literal['a', 'b']", "x: Literal['a', 'b', 'c']", "EIIE"),
    "value added to an open list": Row("ENM02", "x: Open", "x: OpenMore", "IIII"),
    "value removed": Row("ENM03", "x: Literal['a', 'b', 'c']", "x: Literal['a', 'b']", "EEEI"),
    "value renamed": Row("ENM04", "x: Literal['a', 'b']", "x: Literal['a', 'c']", "EEEE"),
    "text becomes a list of values": Row("ENM05", "x: Key", "x: Literal['a', 'b']", "EEEI"),
    "a list of values becomes text": Row("ENM05", "x: Literal['a', 'b']", "x: Key", "EIIE"),
    "closed list opened": Row("FLD17", "x: Shut", "x: Open", "IIII"),
    "open list closed": Row("ENM06", "x: Open", "x: Shut", "EEEE"),
    "constant changed": Row("ENM07", "x: Literal['a']", "x: Literal['b']", "EEEE"),
    "alternative added": Row("UNI01", f"{_SHAPE}", "x: Annotated[Round | Square | Disc, Field(discriminator='type')]", "EIIE"),
    "class of an alternative renamed": Row("FLD01", _SHAPE, _SHAPE.replace("Round", "Ring"), "IIII"),
    "mark may be left out": Row("FLD11", _SHAPE, _SHAPE.replace("Round", "Ball"), "WIIW"),
    "alternative removed": Row("UNI02", "x: Annotated[Round | Square | Disc, Field(discriminator='type')]", f"{_SHAPE}", "EEEI"),
    "mark renamed": Row("UNI03", f"{_SHAPE}", "x: Annotated[Circle | Edge, Field(discriminator='kind')]", "EEEE"),
    "one of several now": Row("UNI05", "x: Round", f"{_SHAPE}", "EIIE"),
    "order": Row("UNI06", "x: int | Key", "x: Key | int", "WWWW"),
    "tighter": Row("CON01", "x: Annotated[int, Field(le=9)]", "x: Annotated[int, Field(le=5)]", "EEEI"),
    "looser": Row("CON02", "x: Annotated[int, Field(le=5)]", "x: Annotated[int, Field(le=9)]", "EIIW"),
    "no bound any more": Row("CON02", "x: Annotated[int, Field(le=5)]", "x: int", "EIIW"),
    "narrower pattern": Row("CON03", "x: Annotated[str, StringConstraints(pattern='^[a-c]$')]", "x: Annotated[str, StringConstraints(pattern='^[a-b]$')]", "EEEW"),
    "wider pattern": Row("CON03", "x: Annotated[str, StringConstraints(pattern='^[a-b]$')]", "x: Annotated[str, StringConstraints(pattern='^[a-c]$')]", "EWWE"),
    "another multiple": Row("CON04", "x: Annotated[int, Field(multiple_of=4)]", "x: Annotated[int, Field(multiple_of=6)]", "EEEE"),
}  # fmt: skip


@pytest.mark.parametrize("position", _POSITIONS)
@pytest.mark.parametrize("change", ROWS)
def test_a_change_is_as_grave_as_the_catalogue_says(
    change: str, position: str, module: ModuleType
) -> None:
    row = ROWS[change]
    letter, _, name = row.letter(position).partition(" ")
    rule = name or row.rule
    old, new = made(row.old, position, module), made(row.new, position, module)

    found = with_documents(
        assess(form_of(old), form_of(new)),
        Classes({old.contract_type: old}),
        Classes({new.contract_type: new}),
    )

    told = [each for each in found if each.rule == rule]
    assert {each.severity[0].upper() for each in told} == {letter}, found
    graver = [each for each in found if "EWI".index(each.severity[0].upper()) < "EWI".index(letter)]
    assert graver == []
    assert all(shown(each) for each in found if each.severity == "error"), found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Field(gt=0)", "Field(ge=1)"),
        ("Field(lt=10)", "Field(le=9)"),
        ("Field(gt=3, ge=2)", "Field(ge=4)"),
    ],
)
def test_a_bound_that_is_said_in_another_way_changes_nothing(
    old: str, new: str, module: ModuleType
) -> None:
    one, other = (
        form_of(made(f"x: Annotated[int, {each}]", "event", module)) for each in (old, new)
    )

    assert assess(one, other) == []


def shown(finding: Finding) -> bool:
    """A class has refused a document, or lost a value of it."""
    return bool(finding.tried) and finding.document is not None


def test_every_rule_about_fields_has_its_row() -> None:
    without = {"UNI04"}  # a part of UNI01 and UNI02
    assert {each for each in RULES if each[:3] in ("FLD", "TYP", "ENM", "UNI", "CON")} == (
        {row.rule for row in ROWS.values()} | without
    )


@pytest.fixture
def module() -> Iterator[ModuleType]:
    name = "contracts.gates.v1"
    yield ModuleType(name)
    sys.modules.pop(name, None)


@cache
def _known() -> dict[str, Any]:
    page: dict[str, Any] = {"__name__": "tests.evolution.shapes"}
    exec(_PAGE, page)
    return page


def made(fields: str, position: str, module: ModuleType) -> type[Message]:
    """The contract of a page in which the fields stand in a position."""
    page = ModuleType(module.__name__)
    sys.modules[module.__name__] = page
    text, _, mark = fields.partition(" # ")
    config = {"forbid": ", extra='forbid'", "strict": ", strict=True"}.get(mark, "")
    code = "\n".join(f"    {line}" for line in text.splitlines())
    contract = _POSITIONS[position].format(fields=code, config=config)
    vars(page).update(_known(), __name__=module.__name__)
    exec(_HELD.format(fields=code, config=config, contract=contract), vars(page))
    (found,) = (
        each
        for each in vars(page).values()
        if isinstance(each, type) and issubclass(each, Message) and each.contract_type
    )
    return found
