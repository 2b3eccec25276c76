"""Places in a schema, as the comparison of two walks through them: references followed, null set apart."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from amphibus.evolution.forms.names import apart, of_mapping

Json = dict[str, Any]
NAME: Final = "{name}"
"""The step to the names in a mapping."""
MISSING: Final = object()
_LAX_DECIMAL: Final = {"type": "string", "format": "decimal", "x-numbers": True}
_ANY_TIME: Final = {"type": "string", "format": "any-date-time"}
_SAID_BY_PLACE: Final = (
    "x-closed",
    "description",
    "default",
    *("x-aliases", "x-name", "x-own-name", "x-paths", "x-elsewhere", "x-written-as"),
    "examples",
    "x-open",
)


@dataclass(frozen=True)
class Place:
    """One schema inside a whole one."""

    raw: Any
    root: Json
    around: frozenset[str] = frozenset()
    """The names of the values that it stands in."""

    @cached_property
    def schema(self) -> Json:
        """The schema that stands here, with what is said beside a reference to it."""
        found: Json = dict(self.raw) if isinstance(self.raw, dict) else {}
        while "$ref" in found:
            name = str(found.pop("$ref")).rpartition("/")[2]
            found = dict(self.root.get("$defs", {}).get(name, {})) | found
        return apart(_one(found))

    @cached_property
    def name(self) -> str:
        """The name of the value that stands here, as its class is called; empty where it has none."""
        return (
            str(self.raw.get("$ref", "")).rpartition("/")[2] if isinstance(self.raw, dict) else ""
        )

    @cached_property
    def members(self) -> "tuple[Place, ...]":
        """The alternatives that are not null."""
        found = self.schema
        several = found.get("anyOf") or found.get("oneOf")
        if several is None:
            return () if found.get("type") == "null" else (self,)
        return tuple(place for each in several for place in self.at(each).members)

    @cached_property
    def nullable(self) -> bool:
        """Null may stand here."""
        found = self.schema
        several = found.get("anyOf") or found.get("oneOf") or ()
        return found.get("type") == "null" or any(self.at(each).nullable for each in several)

    @property
    def said_by(self) -> "tuple[Place, ...]":
        """The places that say something of what stands here: with null beside it, the one alternative says it too."""
        return (self, *self.members) if len(self.members) == 1 and self.nullable else (self,)

    @property
    def validators(self) -> list[str]:
        """The code that looks at a value that stands here, beside its type."""
        found = (name for each in self.said_by for name in each.schema.get("x-validators", ()))
        return list(dict.fromkeys(found))

    @property
    def serializers(self) -> list[str]:
        """The code that writes what stands here, where that is no simple writing of its type."""
        found = (name for each in self.said_by for name in each.schema.get("x-serializers", ()))
        return list(dict.fromkeys(found))

    @property
    def is_strict(self) -> bool:
        """Takes no value that would have to be turned into one of its type."""
        return any(each.schema.get("x-strict", False) for each in self.said_by)

    @property
    def discriminator(self) -> str:
        """The field that tells the alternatives apart, or nothing."""
        return str(self.schema.get("discriminator", {}).get("propertyName", ""))

    @property
    def kind(self) -> str:
        """The kind of value: object, map, array, enum, string, integer, number, boolean or anything."""
        found = self.schema
        if "const" in found or "enum" in found:
            return "enum"
        if found.get("type") == "object" and "properties" not in found:
            return "map" if isinstance(found.get("additionalProperties"), dict) else "object"
        return str(found.get("type", "anything"))

    @property
    def values(self) -> list[Any]:
        """The values of an enum."""
        found = self.schema
        return [found["const"]] if "const" in found else list(found.get("enum", ()))

    @property
    def default(self) -> Any:
        """The value that stands for a field that is left out, or `MISSING`."""
        return self.schema.get("default", MISSING)

    @cached_property
    def fields(self) -> "dict[str, Place]":
        """The fields of an object."""
        return {name: self.at(each) for name, each in self.schema.get("properties", {}).items()}

    @property
    def other_names(self) -> frozenset[str]:
        """The names under which a field is taken beside its own."""
        return frozenset(self.schema.get("x-aliases", ()))

    @property
    def names_on_the_wire(self) -> frozenset[str]:
        """The same without its name in Python, by which no program outside calls it unless it is told so."""
        own = () if self.schema.get("x-own-name") else (self.schema.get("x-name"),)
        return self.other_names.difference(own)

    @property
    def names(self) -> "Place":
        """The names in a mapping, as their class has them."""
        return self.at(of_mapping(self.schema))

    @property
    def required(self) -> frozenset[str]:
        """The fields that must be there."""
        return frozenset(self.schema.get("required", ()))

    @property
    def refuses_others(self) -> bool:
        """Fields that are not known are refused."""
        return self.schema.get("additionalProperties") is False

    def under(self, path: Sequence[str]) -> "Iterator[Place]":
        """The places that a path leads to, in each of the alternatives; a field goes by each of its names."""
        if not path:
            yield self
            return
        step, *rest = path
        for each in self.members:
            for inner in each.inside(step):
                yield from inner.under(rest)

    def inside(self, step: str) -> "Iterator[Place]":
        """The places that one step leads to."""
        named = [each for name, each in self.fields.items() if step in (name, *each.other_names)]
        if named:
            yield from named
        elif step in ("[]", "*"):
            yield self.inner("items" if step == "[]" else "additionalProperties")
        elif step == NAME:
            yield self.names
        elif step.startswith("["):
            yield from map(self.at, self.schema.get("prefixItems", [])[int(step[1:-1]) :][:1])

    def at(self, raw: Any) -> "Place":
        """A schema that stands inside this one."""
        return Place(raw, self.root, self.around | {self.name} if self.name else self.around)

    def inner(self, keyword: str) -> "Place":
        """The schema under a keyword, such as `items`."""
        return self.at(self.schema.get(keyword, {}))

    @property
    def stands_in_itself(self) -> bool:
        """It is a part of a value of its own kind: below it nothing new is said."""
        return bool(self.name) and self.name in self.around

    def shape(self) -> str:
        """The same text for places that mean the same, whatever their defaults and names."""
        return json.dumps(_expanded(self), sort_keys=True)


def _expanded(place: Place) -> Any:
    if place.stands_in_itself:
        return place.name
    kept = {name: each for name, each in place.schema.items() if name not in _SAID_BY_PLACE}
    around = place.around | {place.name} if place.name else place.around
    return _walk(kept, place.root, around)


def _walk(raw: Any, root: Json, around: frozenset[str]) -> Any:
    if isinstance(raw, list):
        return [_walk(each, root, around) for each in raw]
    if not isinstance(raw, Mapping):
        return raw
    if "$ref" in raw:
        return _expanded(Place(raw, root, around))
    return {name: _walk(each, root, around) for name, each in raw.items() if name != "description"}


def _one(found: Json) -> Json:
    """A decimal that is taken as a number too, and a time with or without a zone, are one thing each."""
    several = found.get("anyOf")
    if not isinstance(several, list) or not all(isinstance(each, dict) for each in several):
        return found
    left = [each for each in several if each != {"type": "null"}]
    kinds = [each.get("format", each.get("type")) for each in left]
    one = (
        _LAX_DECIMAL | left[1]
        if kinds == ["number", "decimal"]
        else _ANY_TIME
        if kinds == ["date-time", "local-date-time"]
        else None
    )
    if one is None:
        return found
    rest = {name: each for name, each in found.items() if name != "anyOf"}
    return rest | (one if len(left) == len(several) else {"anyOf": [one, {"type": "null"}]})
