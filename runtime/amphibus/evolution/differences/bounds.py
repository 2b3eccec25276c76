"""The differences between the bounds of two values of one type: tighter, looser, or neither."""

import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from amphibus.evolution.differences.changes import Change, Path, shown, written
from amphibus.evolution.forms.places import Place

_LEAST: Final = (
    "minimum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "minProperties",
    "x-minimum",
)
_MOST: Final = (
    *("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"),
    *("x-maximum", "x-max-digits"),
)
_NAMES: Final = {
    "minimum": "least value",
    "exclusiveMinimum": "value that it must exceed",
    "minLength": "least length",
    "minItems": "least number of items",
    "minProperties": "least number of fields",
    "x-minimum": "least value",
    "maximum": "greatest value",
    "exclusiveMaximum": "value that it must stay below",
    "maxLength": "greatest length",
    "maxItems": "greatest number of items",
    "maxProperties": "greatest number of fields",
    "x-maximum": "greatest value",
    "x-max-digits": "greatest number of digits",
}
_BEYOND: Final = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_EXACT: Final = "decimal"


def of_bounds(old: Place, new: Place, path: Path) -> Iterator[Change]:
    """Yields the differences between the bounds."""
    for names, tighter in ((_LEAST, _greater), (_MOST, _less)):
        for name in names:
            yield from _of_bound(name, old, new, path, tighter)
    if old.schema.get("format") != _EXACT:
        yield from _of_pattern(old, new, path)
    yield from _of_multiple(old, new, path)
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
    yield Change("CON01" if tight else "CON02", path, said)


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


def _of_multiple(old: Place, new: Place, path: Path) -> Iterator[Change]:
    before, after = old.schema.get("multipleOf"), new.schema.get("multipleOf")
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
    return Decimal(str(one)) > Decimal(str(other))


def _less(one: Any, other: Any) -> bool:
    return Decimal(str(one)) < Decimal(str(other))


def _at(path: Path) -> str:
    return written(path) or "the whole"
