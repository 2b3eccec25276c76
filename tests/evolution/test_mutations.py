"""A mutator applies the changes of the catalogue to every contract of the shop, at many places.

Rule and gravity are as this page's own table has them, and a document of the proof is judged by another validator.
"""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from amphibus.evolution.assessment import assess
from amphibus.evolution.forms.derived import closed, comparable
from amphibus.evolution.forms.form import form_of, taken, written_in
from tests.evolution.shop import MODULES, released

Json = dict[str, Any]
Change = Callable[[Json, str], bool]
"""Changes a field of an object in place; False where it does not fit."""

FORMS: Final[dict[str, Json]] = {
    type_: form_of(each) for module in MODULES for type_, each in released(module).items()
}


def _field(schema: Json, name: str) -> Json:
    found: Json = schema["properties"][name]
    return found


def _leaf(schema: Json, name: str) -> Json:
    """The schema of the field's value that is not null."""
    found = _field(schema, name)
    for each in found.get("anyOf", ()):
        if each != {"type": "null"}:
            assert isinstance(each, dict)
            return each
    return found


def _values(schema: Json, name: str) -> Json:
    """The schema of its values: a list has them in it."""
    found = _leaf(schema, name)
    items: Json = found.get("items", found)
    return items


def adds_optional(schema: Json, _: str) -> bool:
    schema["properties"]["added"] = {"type": "string", "maxLength": 9, "default": "x"}
    return True


def adds_required(schema: Json, _: str) -> bool:
    schema["properties"]["added"] = {"type": "string", "maxLength": 9}
    schema["required"] = [*schema.get("required", ()), "added"]
    return True


def removes_required(schema: Json, name: str) -> bool:
    if name not in schema.get("required", ()):
        return False
    del schema["properties"][name]
    schema["required"].remove(name)
    return True


def removes_optional(schema: Json, name: str) -> bool:
    if name in schema.get("required", ()):
        return False
    del schema["properties"][name]
    return True


def renames(schema: Json, name: str) -> bool:
    if name not in schema.get("required", ()):
        return False
    schema["properties"]["renamed"] = schema["properties"].pop(name)
    schema["required"] = ["renamed" if each == name else each for each in schema["required"]]
    return True


def renames_optional(schema: Json, name: str) -> bool:
    if name in schema.get("required", ()):
        return False
    moved = schema["properties"]["renamed"] = schema["properties"].pop(name)
    moved.pop("x-name", None)  # what is still called so in Python has another rule
    return True


def becomes_required(schema: Json, name: str) -> bool:
    if name in schema.get("required", ()):
        return False
    schema["required"] = [*schema.get("required", ()), name]
    return True


def becomes_nullable(schema: Json, name: str) -> bool:
    found = _field(schema, name)
    if "anyOf" in found or "$ref" in found:
        return False
    schema["properties"][name] = {"anyOf": [found, {"type": "null"}]}
    return True


def no_longer_nullable(schema: Json, name: str) -> bool:
    found = _field(schema, name)
    if "anyOf" not in found:
        return False
    (schema["properties"][name],) = (each for each in found["anyOf"] if each != {"type": "null"})
    return True


def changes_default(schema: Json, name: str) -> bool:
    found = _field(schema, name)
    if not isinstance(found.get("default"), int):
        return False
    found["default"] += 1
    return True


def becomes_number(schema: Json, name: str) -> bool:
    found = _leaf(schema, name)
    if found.get("type") != "string" or "format" in found or "enum" in found or "const" in found:
        return False
    found.clear()
    found["type"] = "integer"
    return True


def loses_format(schema: Json, name: str) -> bool:
    found = _leaf(schema, name)
    return found.get("format") in ("uuid", "date", "date-time") and bool(found.pop("format"))


def becomes_list(schema: Json, name: str) -> bool:
    found = _leaf(schema, name)
    if found.get("type") not in ("string", "integer"):
        return False
    inner = dict(found)
    found.clear()
    found |= {"type": "array", "items": inner}
    return True


def tightens(schema: Json, name: str) -> bool:
    found = _leaf(schema, name)
    for bound in ("maxLength", "maximum", "maxItems"):
        if found.get(bound, 0) > 3:
            found[bound] = 3
            return True
    return False


def loosens(schema: Json, name: str) -> bool:
    found = _leaf(schema, name)
    for bound in ("maxLength", "maximum", "maxItems"):
        if 3 < found.get(bound, 0) < 3000:
            found[bound] += 1
            return True
    return False


def raises_least(schema: Json, name: str) -> bool:
    found = _leaf(schema, name)
    if "x-minimum" not in found:
        return False
    found["x-minimum"] = "5.00"
    return True


def adds_value(schema: Json, name: str) -> bool:
    found = _values(schema, name)
    return "enum" in found and not found["enum"].append("added")


def removes_value(schema: Json, name: str) -> bool:
    found = _values(schema, name)
    return "enum" in found and bool(found["enum"].pop())


def changes_constant(schema: Json, name: str) -> bool:
    found = _leaf(schema, name)
    if "const" not in found:
        return False
    found["const"] = "other"
    return True


def changes_scale(schema: Json, name: str) -> bool:
    found = _leaf(schema, name)
    if "x-decimal-places" not in found:
        return False
    found["x-decimal-places"] += 2
    found["pattern"] = found["pattern"].replace("{1,2}", "{1,4}").replace("{1,4})?$", "{1,6})?$")
    return True


TABLE: Final[dict[Change, tuple[str, str, str, str]]] = {
    adds_optional: ("FLD01", "info", "info", "info"),
    adds_required: ("FLD03", "error", "error", "info"),
    removes_required: ("FLD05", "error", "warning", "error"),
    removes_optional: ("FLD06", "warning", "warning", "warning"),
    renames: ("FLD08", "error", "error", "error"),
    renames_optional: ("FLD08", "error", "error", "error"),
    becomes_required: ("FLD10", "warning", "error", "info"),
    becomes_nullable: ("FLD13", "error", "info", "error"),
    no_longer_nullable: ("FLD14", "error", "error", "info"),
    changes_default: ("FLD12", "warning", "warning", "warning"),
    becomes_number: ("TYP01", "error", "error", "error"),
    loses_format: ("TYP04", "error", "error", "error"),
    becomes_list: ("TYP05", "error", "error", "error"),
    tightens: ("CON01", "error", "error", "info"),
    loosens: ("CON02", "error", "info", "warning"),
    raises_least: ("CON01", "error", "error", "info"),
    adds_value: ("ENM01", "error", "info", "error"),
    removes_value: ("ENM03", "error", "error", "info"),
    changes_constant: ("ENM07", "error", "error", "error"),
    changes_scale: ("TYP04", "error", "error", "error"),
}
"""The rule, and its gravity for an event, for a command or query, and for an answer: the catalogue's own words."""


def places() -> Iterator[tuple[str, str, str, str]]:
    """Every field of every object: type, part, the object's name in `$defs` or nothing, the field."""
    for type_, form in FORMS.items():
        for part in ("payload", "answer"):
            if form[part] is not None:
                schema = form[part]["taken"]
                for name in schema["properties"]:
                    yield type_, part, "", name
                for inner, each in schema.get("$defs", {}).items():
                    for name in each.get("properties", ()):
                        yield type_, part, inner, name


PLACES: Final = list(places())


def mutated(change: Change, place: tuple[str, str, str, str]) -> Json | None:
    type_, part, inner, name = place
    form = copy.deepcopy(FORMS[type_])
    schema = form[part]["taken"]
    return form if change(schema["$defs"][inner] if inner else schema, name) else None


@pytest.mark.parametrize("change", TABLE, ids=lambda change: change.__name__)
def test_a_change_of_each_contract_is_judged_as_the_table_says(change: Change) -> None:
    """At the first place of each contract and part that it fits."""
    done: set[tuple[str, str]] = set()
    for place in PLACES:
        if place[:2] not in done and (new := mutated(change, place)) is not None:
            done.add(place[:2])
            holds(change, place, new)
    assert done


@given(st.sampled_from(list(TABLE)), st.sampled_from(PLACES))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_so_is_a_change_at_any_place(change: Change, place: tuple[str, str, str, str]) -> None:
    new = mutated(change, place)
    if new is not None:
        holds(change, place, new)


def holds(change: Change, place: tuple[str, str, str, str], new: Json) -> None:
    type_, part, *_ = place
    old = FORMS[type_]
    rule, *gravities = TABLE[change]
    if old["http"] and part == "payload" and change in (removes_required, removes_optional):
        rule, gravities[1] = "FLD07", "error"  # the gateway takes no field that it does not know
    position = 2 if part == "answer" else 0 if old["kind"] == "event" else 1
    found = assess(old, new)

    judged = {(each.rule, each.severity) for each in found if each.part == part}
    # Nothing else: the proof would find again what a rule takes for too light.
    assert {grave for name, grave in judged if name == rule} == {gravities[position]}, place
    if gravities[position] == "info" and change is not becomes_required:
        assert not [each for each in found if each.severity == "error"], place
    if gravities[position] == "error":
        shown = [each for each in found if each.rule == rule and each.candidates]
        assert shown, place
        losses = [each for each in shown[0].candidates if each.loss]
        refusals = [each for each in shown[0].candidates if not each.loss]
        for each in (*losses[-1:], *refusals[-1:]):
            writer, reader = (old, new) if each.direction == "backward" else (new, old)
            refused = not _valid(comparable(taken(reader[part])), each.document)
            refused |= each.over_http and not _valid(closed(taken(reader[part])), each.document)
            assert refused or each.loss or change in (loses_format, raises_least), place
            writes = written_in(writer[part]) if not each.foreign else taken(writer[part])
            assert _valid(comparable(writes), each.document), place


def _valid(schema: Json, document: Any) -> bool:
    """Beside the format of text and the bounds of decimals, which another validator does not know."""
    return bool(Draft202012Validator(json.loads(json.dumps(schema))).is_valid(document))
