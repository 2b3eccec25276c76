"""The marks of personal data: where they stand in a contract, whatever type they stand in."""

import types
import typing
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel

_OF_ITSELF: Final = 2
Around = tuple[type[BaseModel], ...]


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a type or a field as personal data of a category, so that it never reaches a log line or a label."""

    category: str
    purpose: str = ""
    """Says what it is needed for. The front page of each module that receives it says it too."""


def personal_fields(model: type[BaseModel]) -> dict[str, str]:
    """Paths of what is marked `Personal`, each with its category; see `personal_marks`."""
    return {path: mark.category for path, mark in personal_marks(model).items()}


def personal_marks(model: type[BaseModel]) -> dict[str, Personal]:
    """Paths of what is marked `Personal`, each with its mark.

    Names are those on the wire; `[]` stands for the items of a list, `*` for the values of a mapping. Of a value that
    holds itself, the fields of the first two are listed.
    """
    return dict(_of_model(model, "", ()))


def field_of(path: str) -> str:
    """The path of the field that holds what a path leads to: `phones` of `phones[]`."""
    while path.endswith(("[]", ".*")):
        path = path[:-2]
    return path


def _of_model(
    model: type[BaseModel], prefix: str, around: Around
) -> Iterator[tuple[str, Personal]]:
    for name, info in model.model_fields.items():
        path = f"{prefix}{info.serialization_alias or info.alias or name}"
        yield from ((path, mark) for mark in info.metadata if isinstance(mark, Personal))
        yield from _of_type(info.annotation, path, (*around, model))


def _of_type(kind: Any, path: str, around: Around) -> Iterator[tuple[str, Personal]]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if around[:-1].count(kind) < _OF_ITSELF:
            yield from _of_model(kind, f"{path}.", around)
    elif origin is Annotated:
        yield from ((path, mark) for mark in arguments[1:] if isinstance(mark, Personal))
        yield from _of_type(arguments[0], path, around)
    elif hasattr(kind, "__value__"):
        yield from _of_type(kind.__value__, path, around)
    elif origin in (typing.Union, types.UnionType):
        for each in arguments:
            yield from _of_type(each, path, around)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        # A name that tells a person is masked with what it names.
        yield from _of_type(arguments[0], path, around)
        yield from _of_type(arguments[1], f"{path}.*", around)
    elif isinstance(origin, type) and issubclass(origin, Collection):
        for each in arguments:
            yield from _of_type(each, f"{path}[]", around)
