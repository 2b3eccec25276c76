"""The fields of a contract: lists that stay as they are, and what could be changed or would lose digits."""

import typing
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final

from pydantic import BaseModel

_MUTABLE: Final = (list, dict, set, bytearray)


@dataclass(frozen=True, slots=True)
class Closed:
    """Marks a list of values to which none will be added, with the reason: its readers may rely on knowing them all."""

    reason: str

    def __get_pydantic_json_schema__(self, source: Any, handler: Any) -> Any:
        """Says it to whoever reads the schema."""
        return handler(source) | {"x-closed": self.reason}


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
