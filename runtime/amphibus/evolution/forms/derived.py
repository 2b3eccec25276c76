"""Schemas that follow from what a class takes: what it writes, what others write, what can be compared."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from amphibus.evolution.forms.names import on_the_wire

Json = dict[str, Any]
_HOLD_SCHEMAS: Final = ("properties", "$defs", "patternProperties")
_HOLD_DATA: Final = ("default", "const", "enum", "examples", "required")
_NOTES: Final = ("description", "default", "examples", "title", "deprecated")
_OF_READING: Final = (
    *("x-validators", "x-serializers", "x-strict", "x-changed", "x-made-of"),
    *("x-aliases", "x-name", "x-own-name", "x-paths", "x-elsewhere"),
)
"""What is written follows from none of them; a serializer counts once, with the field that has it."""
_SINCE: Final[Mapping[int, tuple[str, ...]]] = {
    3: (
        *("x-serializers", "x-changed", "x-now", "x-multiple-of"),
        *("x-from", "x-after", "x-until", "x-before"),
    ),
    4: (
        *("x-names", "x-places", "x-told-by", "x-encoding", "x-made-of", "x-written-as"),
        *("x-paths", "x-elsewhere"),
    ),
}
"""The facts that came with a format of the lock."""
_WHOLES_SINCE: Final = 3
_ON_REFERENCES: Final = ("x-validators", "x-strict")
_COMPARED: Final = ("x-minimum", "x-maximum")


def changed(schema: Any, change: Callable[[Json], Json]) -> Any:
    """Returns a schema in which `change` was applied to every schema, the inner ones first."""
    if isinstance(schema, list):
        return [changed(each, change) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return change({name: _inside(name, each, change) for name, each in schema.items()})


def _inside(name: str, each: Any, change: Callable[[Json], Json]) -> Any:
    if name in _HOLD_SCHEMAS and isinstance(each, dict):
        return {key: changed(value, change) for key, value in each.items()}
    return each if name in _HOLD_DATA else changed(each, change)


def written(taken: Json) -> Json:
    """Returns what the class itself writes, where that follows from what it takes: closed, with every field."""
    return bare(changed(taken, _complete))


def by_others(taken: Json) -> Json:
    """Returns what programs outside write: what is taken, and no field that is not published."""
    return comparable(closed(taken), aliases=False)


def closed(taken: Json) -> Json:
    """Returns a schema that takes no field that is not declared."""
    return dict(changed(taken, _closed))


def bare(schema: Json) -> Json:
    """Returns a schema without notes, and without the marks of reading alone."""
    return dict(changed(schema, _without_marks))


def as_before(schema: Json, version: int) -> Json:
    """Returns a schema without what locks of an older format do not say."""
    newer = {name for since, names in _SINCE.items() if since > version for name in names}
    found = changed(schema, lambda each: {n: it for n, it in each.items() if n not in newer})
    return dict(changed(found, _without_marks_of_wholes) if version < _WHOLES_SINCE else found)


def structure(schema: Json) -> Json:
    """Returns a schema without what is for people alone."""
    return dict(changed(schema, _without_words))


def comparable(schema: Json, *, aliases: bool = True) -> Json:
    """Returns a schema in which every mark that says what is taken has become plain JSON Schema."""
    expanded = changed(schema, _expanded) if aliases else schema
    return dict(changed(expanded, _plain))


def by_class(written: Json) -> Json:
    """Returns what a class writes in plain JSON Schema: of a list that is open, what it knows itself."""
    return comparable(dict(changed(written, _known)))


def _closed(schema: Json) -> Json:
    if "properties" in schema and "additionalProperties" not in schema:
        return schema | {"additionalProperties": False}
    return schema


def _complete(schema: Json) -> Json:
    if "properties" not in schema:
        return schema
    return _closed(schema) | {"required": list(schema["properties"])}


def _without_marks(schema: Json) -> Json:
    kept = {name: each for name, each in schema.items() if name not in _NOTES}
    return {name: each for name, each in kept.items() if name not in _OF_READING}


def _without_marks_of_wholes(schema: Json) -> Json:
    newer = _ON_REFERENCES if "$ref" in schema else ()
    whole = schema.get("type") == "object"
    return {
        name: each
        for name, each in schema.items()
        if name not in newer and not (whole and name == "x-strict")
    }


def _without_words(schema: Json) -> Json:
    return {name: each for name, each in schema.items() if name not in ("description", "examples")}


def _known(schema: Json) -> Json:
    return {name: each for name, each in schema.items() if name != "x-open"}


def _plain(schema: Json) -> Json:
    schema = on_the_wire(schema)
    if schema.get("x-open"):
        schema = {"type": schema.get("type", "string")}
    return {
        name: each
        for name, each in schema.items()
        if (not name.startswith("x-") or name in _COMPARED) and name not in _NOTES
    }


def _expanded(schema: Json) -> Json:
    """A field that is taken under several names may come under each of them."""
    properties = schema.get("properties", {})
    found = {name: each.get("x-aliases", ()) for name, each in properties.items()
             if isinstance(each, dict)}  # fmt: skip
    if not any(found.values()):
        return schema
    more = {other: properties[name] for name, others in found.items() for other in others}
    required = schema.get("required", [])
    anyhow = [name for name in required if not found.get(name)]
    one_of_them = [
        {"anyOf": [{"required": [each]} for each in (name, *found[name])]}
        for name in required
        if found.get(name)
    ]
    return {
        **schema,
        "properties": more | properties,
        "required": anyhow,
        **({"allOf": one_of_them} if one_of_them else {}),
    }
