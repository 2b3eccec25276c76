"""The fields of a contract: marks for personal data, and what could be changed or would lose digits."""

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final

from pydantic import BaseModel

_MUTABLE: Final = (list, dict, set, bytearray)
_OF_ITSELF: Final = 2


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field as personal data of a category, so that it never reaches a log line or a label."""

    category: str
    purpose: str = ""
    """Says what it is needed for; events, which anybody may subscribe to, must say it."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Marks a list of values to which none will be added, with the reason: its readers may rely on knowing them all."""

    reason: str

    def __get_pydantic_json_schema__(self, source: Any, handler: Any) -> Any:
        """Says it to whoever reads the schema."""
        return handler(source) | {"x-closed": self.reason}


def personal_fields(model: type[BaseModel]) -> dict[str, str]:
    """Paths of the fields marked `Personal`, each with its category; `[]` stands for the items of a tuple."""
    return {path: mark.category for path, mark in personal_marks(model).items()}


def personal_marks(
    model: type[BaseModel], prefix: str = "", around: tuple[type[BaseModel], ...] = ()
) -> dict[str, Personal]:
    """Paths of the fields marked `Personal`, each with its mark; `[]` stands for the items of a tuple.

    Of a value that holds itself, the fields of the first two are listed.
    """
    found: dict[str, Personal] = {}
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        for mark in info.metadata:
            if isinstance(mark, Personal):
                found[path] = mark
        for part, steps in _models_in(info.annotation):
            if around.count(part) < _OF_ITSELF:
                found |= personal_marks(part, f"{path}{steps}.", (*around, model))
    return found


def problems_of_fields(
    model: type[BaseModel], prefix: str = "", around: tuple[type[BaseModel], ...] = ()
) -> Iterator[str]:
    """Says in words which fields could be changed by a receiver, or would lose digits on the wire."""
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        for leaf in _leaves(info.annotation):
            if leaf is float:
                yield f"field '{path}' is a float: declare Amount or another Decimal"
            elif leaf is Any or leaf is object:
                yield f"field '{path}' may hold anything: declare its type"
            elif isinstance(leaf, type) and issubclass(leaf, _MUTABLE):
                yield f"field '{path}' is a {leaf.__name__}, which a receiver could change: declare a tuple"
            elif isinstance(leaf, type) and issubclass(leaf, BaseModel):
                if not leaf.model_config.get("frozen"):
                    yield f"field '{path}' holds {leaf.__name__}, which is not frozen: derive it from Value"
                elif leaf not in around:
                    yield from problems_of_fields(leaf, f"{path}.", (*around, model))


def _leaves(annotation: Any) -> Iterator[Any]:
    origin = typing.get_origin(annotation)
    if origin is None or origin is typing.Literal:
        if origin is None:
            yield annotation
        return
    if origin in _MUTABLE:
        yield origin
        return
    if origin is Annotated:
        yield from _leaves(typing.get_args(annotation)[0])
        return
    for argument in typing.get_args(annotation):
        if argument is not Ellipsis and not (
            isinstance(argument, type) and issubclass(argument, Enum)
        ):
            yield from _leaves(argument)


def _models_in(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    origin = typing.get_origin(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
    elif origin is tuple:
        for argument in typing.get_args(annotation):
            yield from ((model, f"[]{steps}") for model, steps in _models_in(argument))
    elif origin in (typing.Union, types.UnionType, Annotated):
        for argument in typing.get_args(annotation):
            yield from _models_in(argument)
