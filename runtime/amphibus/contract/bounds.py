"""The most that a body of a contract can hold: counted while it is decoded, before anything is validated."""

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

MOST_ITEMS: Final = 100_000
"""Of a list whose contract names no end."""
_SLACK: Final = 2_000
_DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a body that is not validated yet."""

    values: int
    """Most objects and fields in all, those of newer senders included."""
    lists: Mapping[str, int]
    """Most items of each field that is a list, by its name on the wire."""
    parts: Mapping[str, "Bounds"]
    """Of the fields that hold values with lists of their own."""

    def too_long(self, data: Any) -> Iterator[tuple[str, int]]:
        """The lists that are too long, each with its path and how many items it may have."""
        if not isinstance(data, dict):
            return
        for name, most in self.lists.items():
            found = data.get(name)
            if isinstance(found, list) and len(found) > most:
                yield name, most
        for name, part in self.parts.items():
            found = data.get(name)
            items = found[: self.lists.get(name, 0)] if isinstance(found, list) else [found]
            for number, item in enumerate(items):
                where = f"{name}[{number}]" if isinstance(found, list) else name
                yield from ((f"{where}.{path}", most) for path, most in part.too_long(item))


@lru_cache(maxsize=1024)
def bounds_of(model: type[BaseModel]) -> Bounds:
    """The bounds of a contract's body."""
    found = _bounds(model, 0)
    return Bounds(found.values * 2 + _SLACK, found.lists, found.parts)


def _bounds(model: type[BaseModel], depth: int) -> Bounds:
    """Of a part that holds itself, what lies deeper counts as nothing: the slack is for it."""
    values, lists, parts = 1, {}, {}
    for name, info in model.model_fields.items():
        wire = info.alias or name
        items = _most_items(info)
        if items is not None:
            lists[wire] = items
        inner = (
            [_bounds(each, depth + 1) for each in _models(info.annotation)]
            if depth < _DEEPEST
            else []
        )
        values += 1 + (items or 1) * sum(each.values for each in inner)
        nested = [each for each in inner if each.lists or each.parts]
        if nested:
            parts[wire] = nested[0] if len(nested) == 1 else _joined(nested)
    return Bounds(min(values, MOST_ITEMS), lists, parts)


def _joined(bounds: list[Bounds]) -> Bounds:
    """Of a field that holds one of several kinds: the widest of each."""
    lists: dict[str, int] = {}
    for each in bounds:
        for name, most in each.lists.items():
            lists[name] = max(most, lists.get(name, 0))
    return Bounds(max(each.values for each in bounds), lists, {})


def _most_items(info: FieldInfo) -> int | None:
    """The most items of a field that is a list; None where it is none."""
    marks, annotation = list(info.metadata), info.annotation
    for each in _inside(annotation):
        if typing.get_origin(each) is Annotated:
            marks += typing.get_args(each)[1:]
    if not any(typing.get_origin(each) in (tuple, frozenset) for each in _inside(annotation)):
        return None
    # Pydantic takes the marks of any library that name their bound so.
    ends = [each.max_length for each in _flat(marks) if hasattr(each, "max_length")]
    return min(ends, default=MOST_ITEMS)


def _flat(marks: list[Any]) -> Iterator[Any]:
    for each in marks:
        if isinstance(each, FieldInfo):
            yield from each.metadata
        else:
            yield each


def _inside(annotation: Any) -> Iterator[Any]:
    """An annotation and what an `| None` or `Annotated` around it holds, not the items of a list."""
    yield annotation
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        yield from _inside(typing.get_args(annotation)[0])
    elif origin is not None and origin not in (tuple, frozenset, typing.Literal):
        for argument in typing.get_args(annotation):
            yield from _inside(argument)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif typing.get_origin(annotation) is not typing.Literal:
        for argument in typing.get_args(annotation):
            yield from _models(argument)
