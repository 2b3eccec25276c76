"""The kinds of values in a contract, whatever language they are written in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

Json: TypeAlias = Mapping[str, Any]
ScalarName = Literal[
    "text", "integer", "number", "boolean", "null", "uuid", "decimal", "moment", "day", "anything"
]
_FORMATS: Final[Mapping[str, ScalarName]] = {
    "uuid": "uuid",
    "decimal": "decimal",
    "date-time": "moment",
    "date": "day",
}
_TYPES: Final[Mapping[str, ScalarName]] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value that has no parts."""

    name: ScalarName


@dataclass(frozen=True, slots=True)
class Words:
    """One of several constants; an open list may have more one day."""

    values: tuple[Any, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class ListOf:
    """Any number of values."""

    item: "Kind"


@dataclass(frozen=True, slots=True)
class MapOf:
    """Values by name."""

    value: "Kind"


@dataclass(frozen=True, slots=True)
class Named:
    """A value of a type that has a declaration of its own."""

    name: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value of one of several kinds."""

    kinds: tuple["Kind", ...]


Kind: TypeAlias = Scalar | Words | ListOf | MapOf | Named | OneOf


def kind_of_schema(schema: Json) -> Kind:
    """Returns the kind that a part of a contract's schema describes."""
    if "$ref" in schema:
        return Named(str(schema["$ref"]).rpartition("/")[2])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return _one_of([kind_of_schema(each) for each in schema[word]])
    if "const" in schema:
        return Words((schema["const"],))
    if "enum" in schema:
        return Words(tuple(schema["enum"]), open=bool(schema.get("x-open")))
    return _plain(schema)


def _plain(schema: Json) -> Kind:
    kind = schema.get("type")
    if isinstance(kind, list):
        return _one_of([_plain({**schema, "type": each}) for each in kind])
    if kind == "array":
        return ListOf(kind_of_schema(schema.get("items", {})))
    if kind == "object":
        values = schema.get("additionalProperties")
        return MapOf(kind_of_schema(values if isinstance(values, Mapping) else {}))
    name = _FORMATS.get(schema.get("format", "")) if kind == "string" else None
    return Scalar(name or _TYPES.get(str(kind), "anything"))


def _one_of(kinds: list[Kind]) -> Kind:
    found = tuple(dict.fromkeys(kinds))
    return found[0] if len(found) == 1 else OneOf(found)
