"""The marks of personal data: where they stand in a contract, whatever type they stand in."""

import types
import typing
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo

_OF_ITSELF: Final = 2
Around = tuple[type, ...]


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a type or a field as personal data of a category, so that it never reaches a log line or a label."""

    category: str
    purpose: str = ""
    """Says what it is needed for. The front page of each module that receives it says it too."""
    once: bool = False
    """True for what is needed once, such as the token of a card: of a message that is handled it is not kept."""


def personal_fields(model: type[BaseModel]) -> dict[str, str]:
    """Paths of what is marked `Personal`, each with its category; see `personal_marks`."""
    return {path: mark.category for path, mark in personal_marks(model).items()}


def personal_marks(model: type[BaseModel]) -> dict[str, Personal]:
    """Paths of what is marked `Personal`, each with its mark.

    Names are those on the wire; `[]` stands for the items of a list, `*` for the values of a mapping. Of a value that
    holds itself, the fields of the first two are listed; what is deeper is one path.
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
        yield from _of_field(info, path, (*around, model))
    for name, computed in model.model_computed_fields.items():
        yield from _of_type(
            computed.return_type, f"{prefix}{computed.alias or name}", (*around, model)
        )


def _of_field(info: FieldInfo, path: str, around: Around) -> Iterator[tuple[str, Personal]]:
    yield from ((path, mark) for mark in info.metadata if isinstance(mark, Personal))
    yield from _of_type(info.annotation, path, around)


def _of_value(kind: type[BaseModel], path: str, around: Around) -> Iterator[tuple[str, Personal]]:
    depth = around[:-1].count(kind)
    if issubclass(kind, RootModel):  # it is on the wire what it holds
        if depth < _OF_ITSELF:
            yield from _of_field(kind.model_fields["root"], path, (*around, kind))
    elif depth < _OF_ITSELF:
        yield from _of_model(kind, f"{path}.", around)
    elif depth == _OF_ITSELF:  # a value in itself, so deep that all of it is told as one
        yield from ((path, mark) for _, mark in _of_model(kind, "", around))


def _hints(kind: Any, path: str, around: Around) -> Iterator[tuple[str, Personal]]:
    """Those of a named tuple, which is a list on the wire, of a dataclass, or of a typed dictionary."""
    if around.count(kind) >= _OF_ITSELF:
        return
    listed = hasattr(kind, "_fields")
    for name, each in typing.get_type_hints(kind, include_extras=True).items():
        inside = f"{path}[]" if listed else f"{path}.{name}"
        yield from _of_type(each, inside, (*around, kind))


def _of_type(kind: Any, path: str, around: Around) -> Iterator[tuple[str, Personal]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _of_value(kind, path, around)
    elif is_dataclass(kind) or hasattr(kind, "__total__") or hasattr(kind, "_fields"):
        yield from _hints(kind, path, around)
    elif (
        inner := getattr(kind, "__supertype__", None) or getattr(kind, "__value__", None)
    ) is not None:
        yield from _of_type(inner, path, around)  # a type with another name
    else:
        yield from _of_generic(kind, path, around)


def _of_generic(kind: Any, path: str, around: Around) -> Iterator[tuple[str, Personal]]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        yield from ((path, mark) for mark in arguments[1:] if isinstance(mark, Personal))
        yield from _of_type(arguments[0], path, around)
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
