"""The differences between the bounds of two values of one type: tighter, looser, or neither."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from amphibus.evolution.differences.changes import Change, Path, shown, written
from amphibus.evolution.forms.places import Place

_LEAST: Final = (
    "minimum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "minProperties",
    *("x-minimum", "x-from", "x-after"),
)
_MOST: Final = (
    *("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"),
    *("x-maximum", "x-max-digits", "x-until", "x-before"),
)
_NAMES: Final = {
    "minimum": "least value",
    "exclusiveMinimum": "value that it must exceed",
    "minLength": "least length",
    "minItems": "least number of items",
    "minProperties": "least number of fields",
    "x-minimum": "least value",
    "x-from": "first value",
    "x-after": "value that it must come after",
    "maximum": "greatest value",
    "exclusiveMaximum": "value that it must stay below",
    "maxLength": "greatest length",
    "maxItems": "greatest number of items",
    "maxProperties": "greatest number of fields",
    "x-maximum": "greatest value",
    "x-until": "last value",
    "x-before": "value that it must come before",
    "x-max-digits": "greatest number of digits",
}
_ENDS_IN_TIME: Final = ("x-from", "x-until")
_BEYOND: Final = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_EXACT: Final = "decimal"


def of_bounds(old: Place, new: Place, path: Path) -> Iterator[Change]:
    """Yields the differences between the bounds."""
    for names, tighter in ((_LEAST, _greater), (_MOST, _less)):
        for name in names:
            yield from _of_bound(name, old, new, path, tighter)
    if old.schema.get("format") != _EXACT:
        yield from _of_pattern(old, new, path)
    for name in ("multipleOf", "x-multiple-of"):
        yield from _of_multiple(name, old, new, path)
    if old.schema.get("x-now") != new.schema.get("x-now"):
        was, now = (each.schema.get("x-now", "any time") for each in (old, new))
        tight = "x-now" in new.schema
        yield Change(
            "CON01" if tight else "CON02",
            path,
            f"{_at(path)} had to be {was} and has to be {now} now",
        )
    if bool(old.schema.get("uniqueItems")) != bool(new.schema.get("uniqueItems")):
        tight = bool(new.schema.get("uniqueItems"))
        said = "must differ from each other now" if tight else "may be the same now"
        yield Change("CON01" if tight else "CON02", path, f"the items of {_at(path)} {said}")


def _of_bound(
    name: str, old: Place, new: Place, path: Path, tighter: Callable[[Any, Any], bool]
) -> Iterator[Change]:
    before, after = _bound(old, name), _bound(new, name)
    if before == after:
        return
    tight = before is None or (after is not None and tighter(after, before))
    was, now = ("none" if each is None else each for each in (before, after))
    said = f"the {_NAMES[name]} of {_at(path)} was {was} and is {now} now"
    change = Change("CON01" if tight else "CON02", path, said)
    end = before if tight else after
    if name in _ENDS_IN_TIME and end is not None:
        refusal = f"{shown(end)} is refused by {'what is new' if tight else 'those that are not upgraded'}"
        change = replace(change, document=at_end(path, end), refusal=refusal)
    yield change


def at_end(path: Path, end: Any) -> Any:
    """Returns the part of a document that a path leads to, with a value at the end of what one side allows."""
    for step in reversed(path):
        end = [end] if step.startswith("[") else {"…" if step == "*" else step: end}
    return end


def _bound(place: Place, name: str) -> Any:
    """The bound of a place; of whole numbers to exceed 0 is to be 1 or more."""
    found = place.schema.get(name)
    if place.kind != "integer":
        return found
    if name.startswith("exclusive"):
        return None
    beyond = place.schema.get(_BEYOND.get(name, ""))
    if beyond is None:
        return found
    least = name == "minimum"
    end = math.floor(beyond) + 1 if least else math.ceil(beyond) - 1
    return end if found is None else max(found, end) if least else min(found, end)


def _of_pattern(old: Place, new: Place, path: Path) -> Iterator[Change]:
    before, after = old.schema.get("pattern"), new.schema.get("pattern")
    if before == after:
        return
    if before is None:
        yield Change("CON01", path, f"{_at(path)} must match {shown(after)} now")
    elif after is None:
        yield Change("CON02", path, f"{_at(path)} need no longer match {shown(before)}")
    else:
        said = f"the pattern of {_at(path)} was {shown(before)} and is {shown(after)} now"
        yield Change("CON03", path, said)


def _of_multiple(name: str, old: Place, new: Place, path: Path) -> Iterator[Change]:
    before, after = old.schema.get(name), new.schema.get(name)
    if before == after:
        return
    said = f"{_at(path)} was a multiple of {before or 'nothing'} and is one of {after or 'nothing'} now"
    if before is None or (after is not None and _divides(before, after)):
        yield Change("CON01", path, said)
    elif after is None or _divides(after, before):
        yield Change("CON02", path, said)
    else:
        yield Change("CON04", path, said)


def _divides(one: Any, other: Any) -> bool:
    return Decimal(str(other)) % Decimal(str(one)) == 0


def _greater(one: Any, other: Any) -> bool:
    return bool(_size(one) > _size(other))


def _less(one: Any, other: Any) -> bool:
    return bool(_size(one) < _size(other))


def _size(value: Any) -> Any:
    """A number, or a day or time, which stand in the order of their texts."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return str(value)


def _at(path: Path) -> str:
    return written(path) or "the whole"
