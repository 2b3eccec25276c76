# ruff: noqa: E501 - a row is a row
"""Small changes that no JSON Schema of Pydantic's shows, or that break nobody: each is judged by what it does."""

import json
from datetime import date
from types import ModuleType

import pytest

from amphibus.evolution.assessment import assess
from amphibus.evolution.audience import Audience
from amphibus.evolution.forms.form import as_told_by, form_of
from amphibus.evolution.lock import Entry, lock_of, path_of, texts_of
from amphibus.evolution.released import Released, compared
from amphibus.routing.project import Project
from tests.architecture.tree import ROOT
from tests.evolution.test_gates import made, module

__all__ = ("module",)

_FROM = "x: Annotated[int, Field(validation_alias={}, serialization_alias='x')]"
_PLACES = "class P(NamedTuple):\n    {}: int\n    {}: int\nx: P"
_SET = "model_config = ConfigDict({})\nx: {}"
_AS = "model_config = ConfigDict(serialize_by_alias={})\nx: Annotated[int, Field(alias='z')]"
_TOLD = (
    "def told(each: Any) -> str:\n    return {}\n"
    "x: Annotated[Annotated[Round, Tag('a')] | Annotated[Square, Tag('b')], Discriminator(told)]"
)
_ONCE = "x: Annotated[str, Personal('payment', purpose='to pay'{})]"
_BOTH = (
    "y: Annotated[int, Field(validation_alias=AliasChoices('y', 'x'), serialization_alias='{}')]"
)
_TWICE = "x: Annotated[str, StringConstraints({})]"
CHANGES = {
    "a path is taken away": ("event", _FROM.format("AliasChoices('x', AliasPath('deep', 'x'))"), "x: int", "FLD09 x", "warning"),
    "a path takes the place of a name": ("event", "x: int", _FROM.format("AliasPath('deep', 'x')"), "FLD09 x", "error"),
    "a path becomes another": ("event", _FROM.format("AliasPath('deep', 'x')"), _FROM.format("AliasPath('deep', 'y')"), "FLD09 x", "error"),
    "places change their order": ("event", _PLACES.format("lat", "lon"), _PLACES.format("lon", "lat"), "TYP06 x", "error"),
    "written by its name in Python": ("event", _AS.format("True"), _AS.format("False"), "FLD08 x", "error"),
    "taken by its name in Python alone": ("event", _AS.format("True"), _AS.format("True, validate_by_alias=False"), "FLD09 x", "error"),
    "times are written as numbers": ("event", "x: AwareDatetime", _SET.format("ser_json_temporal='seconds'", "AwareDatetime"), "TYP08 x", "error"),
    "durations in milliseconds": ("event", _SET.format("ser_json_timedelta='float'", "timedelta"), _SET.format("ser_json_temporal='milliseconds'", "timedelta"), "TYP08 x", "error"),
    "bytes are taken in another encoding": ("command", _SET.format("val_json_bytes='base64'", "bytes"), _SET.format("val_json_bytes='hex'", "bytes"), "TYP08 x", "error"),
    "a class cuts off space": ("reply", "x: str", _SET.format("str_strip_whitespace=True", "str"), "TYP10 answer.x", "warning"),
    "one of two changes of a text": ("event", _TWICE.format("strip_whitespace=True, to_lower=True"), _TWICE.format("to_lower=True"), "TYP10 x", "warning"),
    "the change of what may be null": ("event", "x: str | None", _TWICE.format("to_lower=True") + " | None", "TYP10 x", "warning"),
    "alternatives are told apart by other code": ("event", _TOLD.format("each['type']"), _TOLD.format("each['kind']"), "TYP10 x", "warning"),
    "needed for longer": ("event", _ONCE.format(", once=True"), _ONCE.format(""), "MSG18 x", "error"),
    "needed once": ("event", _ONCE.format(""), _ONCE.format(", once=True"), "MSG18 x", "warning"),
    "a renaming is taken back where others write": ("command", _BOTH.format("x"), "x: int", "FLD08 x", "error"),
    "a renaming is taken back after it was written": ("event", _BOTH.format("y"), "x: int", "FLD08 x", "error"),
}  # fmt: skip
HARMLESS = {
    "a renaming is taken back": ("event", _BOTH.format("x"), "x: int"),
    "the first name is written again": ("event", _BOTH.format("y"), _BOTH.format("x")),
    "the first name is taken again": ("event", "y: int", _BOTH.format("y")),
    "a path is taken too": ("command", "x: int", _FROM.format("AliasChoices('x', AliasPath('deep', 'x'))")),
    "names are taken in another order": ("command", _FROM.format("AliasChoices('x', 'y')"), _FROM.format("AliasChoices('y', 'x')")),
    "another name is taken first": ("command", "x: int", _FROM.format("AliasChoices('y', 'x')")),
    "places are called otherwise": ("event", _PLACES.format("lat", "lon"), _PLACES.format("north", "east")),
    "seconds are seconds": ("event", _SET.format("ser_json_timedelta='float'", "timedelta"), _SET.format("ser_json_temporal='seconds'", "timedelta")),
    "names are numbers, and any text is taken": ("command", "x: Mapping[int, int]", "x: Mapping[str, int]"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_small_change_is_told(change: str, module: ModuleType) -> None:
    position, old, new, key, severity = CHANGES[change]

    found = judged(position, old, new, module)

    assert {(each, grave) for each, grave in found if grave != "info"} == {(key, severity)}


@pytest.mark.parametrize("change", HARMLESS)
def test_what_breaks_nobody_is_not_refused(change: str, module: ModuleType) -> None:
    position, old, new = HARMLESS[change]

    assert {grave for _, grave in judged(position, old, new, module)} <= {"info"}


@pytest.mark.parametrize(
    "fields",
    [
        _FROM.format("AliasChoices('x', AliasPath('deep', 'x'))"),
        _PLACES.format("lat", "lon"),
        _AS.format("False"),
        _SET.format("ser_json_temporal='seconds'", "tuple[AwareDatetime, str]"),
        _SET.format("str_to_lower=True", "str"),
        _TWICE.format("strip_whitespace=True, to_lower=True"),
        _TOLD.format("each['type']"),
        _ONCE.format(", once=True"),
        "x: Mapping[int, Mapping[Key, Shut]]",
    ],
)
def test_a_lock_of_the_third_format_says_nothing_of_what_it_could_not_hold(
    fields: str, module: ModuleType
) -> None:
    """Whoever upgrades the runtime alone has changed no contract; who changes one afterwards is told."""
    form = form_of(made(fields, "event", module))
    older = as_told_by({"facts": 3}, form)
    (text,) = texts_of([Entry(older)]).values()
    content = json.dumps(json.loads(text) | {"format": 3}).encode()
    (read,) = (each.now for each in lock_of({path_of(form["type"]): content}).entries.values())

    assert older != form
    assert assess(read, as_told_by(read, form)) == []
    more = form_of(made(f"{fields}\nmore: int", "event", module))
    assert [each.key for each in assess(read, as_told_by(read, more))] == ["FLD03 more"]


def test_two_differences_with_one_key_are_both_told(module: ModuleType) -> None:
    """Another purpose is a warning, and would hide that what is needed once is kept now."""
    old = form_of(made(_ONCE.format(", once=True"), "event", module))
    new = form_of(made(_ONCE.format("").replace("to pay", "to pay it back"), "event", module))
    nobody = Audience(Project(ROOT))

    found = compared({old["type"]: [Released(old)]}, {new["type"]: new}, nobody, date(2026, 1, 1))

    assert [(each.key, each.severity) for each in found] == [
        ("MSG18 x", "error"),
        ("MSG18 x", "warning"),
    ]


def judged(position: str, old: str, new: str, module: ModuleType) -> list[tuple[str, str]]:
    before, after = (form_of(made(each, position, module)) for each in (old, new))
    return [(each.key, each.severity) for each in assess(before, after)]
