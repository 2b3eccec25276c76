"""Validation of a document by JSON Schema, keyword by keyword: the last word on every witness.

It knows the keywords that assert something about JSON values; a keyword that asserts and is not known is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from amphibus.contract.inclusion.formats import ANNOTATIONS, FORMATS
from amphibus.contract.inclusion.keywords import (
    bounds_of,
    items_of,
    refuse_unknown,
    searched,
    types_of,
)
from amphibus.contract.inclusion.limits import Beyond, Effort
from amphibus.contract.inclusion.nodes import Node, Part
from amphibus.contract.inclusion.values import exact, identity, kind_of_value

_OF_WHAT: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength", "pattern", "format", "x-minimum", "x-maximum"),
    "array": ("items", "minItems", "maxItems", "uniqueItems", "contains"),
    "object": (
        *("required", "properties", "minProperties", "maxProperties", "propertyNames"),
        *("dependentRequired", "dependentSchemas"),
    ),
}
Step = str | int


@dataclass(frozen=True, slots=True)
class Failure:
    """One keyword that refuses a part of a document."""

    path: tuple[Step, ...]
    keyword: str
    part: Part
    about: Any = None
    """The name of a property that is missing or is one too many."""


class Validation:
    """Validates documents; one for each comparison, as it spends the comparison's effort."""

    def __init__(self, effort: Effort, *, formats: bool = True) -> None:
        self._effort = effort
        self._formats = formats

    def allows(self, node: Node, value: Any) -> bool:
        """Returns whether a document is valid."""
        return next(self.failures(node, value), None) is None

    def failures(self, node: Node, value: Any, path: tuple[Step, ...] = ()) -> Iterator[Failure]:
        """Yields what refuses a document; nothing where it is valid."""
        for part in node.parts:
            yield from self._of_part(part, value, path)

    def _of_part(self, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
        self._effort.spend()
        for each in part.followed():
            if isinstance(each.raw, bool):
                if not each.raw:
                    yield Failure(path, "false", each)
            elif isinstance(each.raw, dict):
                yield from self._of_schema(each, value, path)
            else:
                raise Beyond(f"{each.raw!r} is no schema")

    def _of_schema(self, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
        raw = part.raw
        refuse_unknown(raw)
        if "type" in raw and not _has_type(raw, value):
            yield Failure(path, "type", part)
        if "const" in raw and identity(value) != identity(raw["const"]):
            yield Failure(path, "const", part)
        if "enum" in raw and identity(value) not in {identity(each) for each in raw["enum"]}:
            yield Failure(path, "enum", part)
        for keyword in _OF_WHAT.get(kind_of_value(value), ()):
            if keyword == "format" and not self._formats:
                continue
            if keyword in raw or (keyword == "items" and "prefixItems" in raw):
                yield from _CHECKS[keyword](self, part, value, path)
        if kind_of_value(value) == "object" and raw.keys() & _NAMED:
            yield from self._of_names(part, value, path)
        if raw.keys() & _COMBINED:
            yield from self._of_combinations(part, value, path)

    def _of_combinations(self, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
        raw = part.raw
        for each in raw.get("allOf", ()):
            yield from self._of_part(part.at(each), value, path)
        for keyword in ("anyOf", "oneOf"):
            if keyword in raw:
                fitting = sum(self._allows(part.at(each), value) for each in raw[keyword])
                if not fitting or (keyword == "oneOf" and fitting > 1):
                    yield Failure(path, keyword, part, fitting)
        if "not" in raw and self._allows(part.at(raw["not"]), value):
            yield Failure(path, "not", part)
        if "if" in raw:
            then = "then" if self._allows(part.at(raw["if"]), value) else "else"
            yield from self._of_part(part.at(raw.get(then, True)), value, path)

    def _allows(self, part: Part, value: Any) -> bool:
        return next(self._of_part(part, value, ()), None) is None

    def _of_names(self, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
        raw = part.raw
        patterns = raw.get("patternProperties", {})
        for name, each in value.items():
            fitting = [inner for pattern, inner in patterns.items() if searched(pattern, name)]
            for inner in fitting:
                yield from self._of_part(part.at(inner), each, (*path, name))
            if fitting or name in raw.get("properties", {}):
                continue
            more = raw.get("additionalProperties", True)
            if more is False:
                yield Failure(path, "additionalProperties", part, name)
            else:
                yield from self._of_part(part.at(more), each, (*path, name))

    def of_properties(self, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
        """Checks the fields that have a schema of their own."""
        for name, inner in part.raw["properties"].items():
            if name in value:
                yield from self._of_part(part.at(inner), value[name], (*path, name))

    def of_items(self, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
        """Checks the items, by place and then all others."""
        prefix, rest = items_of(part.raw)
        for place, each in enumerate(value):
            inner = prefix[place] if place < len(prefix) else rest
            yield from self._of_part(part.at(inner), each, (*path, place))

    def of_contained(self, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
        """Checks the items that must be among them, counted."""
        raw = part.raw
        count = sum(self._allows(part.at(raw["contains"]), each) for each in value)
        if not raw.get("minContains", 1) <= count <= raw.get("maxContains", len(value)):
            yield Failure(path, "contains", part)

    def of_property_names(
        self, part: Part, value: Any, path: tuple[Step, ...]
    ) -> Iterator[Failure]:
        """Checks the names of the fields."""
        for name in value:
            if not self._allows(part.at(part.raw["propertyNames"]), name):
                yield Failure(path, "propertyNames", part, name)

    def of_dependents(self, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
        """Checks the whole, by schemas that a field brings with it."""
        for name, inner in part.raw["dependentSchemas"].items():
            if name in value:
                yield from self._of_part(part.at(inner), value, path)


def _has_type(raw: Mapping[str, Any], value: Any) -> bool:
    kind = kind_of_value(value)
    return any(
        each == kind or (each == "integer" and kind == "number" and exact(value).denominator == 1)
        for each in types_of(raw)
    )


def _has_format(name: str, text: str) -> bool:
    known = FORMATS.get(name)
    return name in ANNOTATIONS or known is None or known.holds(text)


def _as_number(text: str) -> Fraction | None:
    return exact(text) if FORMATS["decimal"].holds(text) else None


def _all_differ(items: list[Any]) -> bool:
    return len({identity(each) for each in items}) == len(items)


def _within_bounds(raw: Mapping[str, Any], value: Any) -> bool:
    low, low_open, high, high_open = bounds_of(raw)
    number = exact(value)
    if low is not None and (number < low or (low_open and number == low)):
        return False
    return high is None or not (number > high or (high_open and number == high))


def _check(
    keyword: str, holds: Callable[[Any, Any], bool]
) -> Callable[[Validation, Part, Any, tuple[Step, ...]], Iterator[Failure]]:
    def check(_: Validation, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
        if not holds(part.raw[keyword], value):
            yield Failure(path, keyword, part)

    return check


def _bounds_check(
    keyword: str,
) -> Callable[[Validation, Part, Any, tuple[Step, ...]], Iterator[Failure]]:
    """Looks at one bound with the flag that may make it exclusive, as draft 4 has it."""
    names = {keyword}
    if keyword in ("minimum", "maximum"):
        names.add(f"exclusive{keyword.capitalize()}")

    def check(_: Validation, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
        if not _within_bounds({each: part.raw[each] for each in names & part.raw.keys()}, value):
            yield Failure(path, keyword, part)

    return check


def _required(_: Validation, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
    if not isinstance(part.raw["required"], list):
        raise Beyond("'required' is no list of names")
    for name in part.raw["required"]:
        if name not in value:
            yield Failure(path, "required", part, name)


def _dependent(_: Validation, part: Part, value: Any, path: tuple[Step, ...]) -> Iterator[Failure]:
    for name, others in part.raw["dependentRequired"].items():
        for other in others if name in value else ():
            if other not in value:
                yield Failure(path, "dependentRequired", part, other)


_NAMED: Final = frozenset(("patternProperties", "additionalProperties"))
_COMBINED: Final = frozenset(("allOf", "anyOf", "oneOf", "not", "if"))
_CHECKS: Final[Mapping[str, Callable[..., Iterator[Failure]]]] = {
    **{each: _bounds_check(each) for each in _OF_WHAT["number"] if each != "multipleOf"},
    "multipleOf": _check(
        "multipleOf", lambda it, value: (exact(value) / exact(it)).denominator == 1
    ),
    "minLength": _check("minLength", lambda it, text: len(text) >= it),
    "maxLength": _check("maxLength", lambda it, text: len(text) <= it),
    "pattern": _check("pattern", searched),
    "format": _check("format", _has_format),
    "x-minimum": _check("x-minimum", lambda it, text: (_as_number(text) or 0) >= exact(it)),
    "x-maximum": _check("x-maximum", lambda it, text: (_as_number(text) or 0) <= exact(it)),
    "items": Validation.of_items,
    "minItems": _check("minItems", lambda it, items: len(items) >= it),
    "maxItems": _check("maxItems", lambda it, items: len(items) <= it),
    "uniqueItems": _check("uniqueItems", lambda it, items: not it or _all_differ(items)),
    "contains": Validation.of_contained,
    "required": _required,
    "properties": Validation.of_properties,
    "minProperties": _check("minProperties", lambda it, value: len(value) >= it),
    "maxProperties": _check("maxProperties", lambda it, value: len(value) <= it),
    "propertyNames": Validation.of_property_names,
    "dependentRequired": _dependent,
    "dependentSchemas": Validation.of_dependents,
}
