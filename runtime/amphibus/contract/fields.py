"""Field types that keep contracts exact: decimals as text, currencies, SKUs, marks for personal data."""

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints
from pydantic import WithJsonSchema as JsonSchema

from amphibus.contract.currencies import CURRENCIES

_MUTABLE: Final = (list, dict, set, bytearray)


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field as personal data of a category, so that it never reaches a log line or a label."""

    category: str


class DecimalString:
    """`Annotated[Decimal, DecimalString(...)]`: an exact decimal that travels as text, never as a float."""

    def __init__(
        self, *, decimal_places: int, max_digits: int = 18, minimum: str | None = "0"
    ) -> None:
        self._places = decimal_places
        self._digits = max_digits
        self._minimum = None if minimum is None else Decimal(minimum)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Builds the schema from the public annotations that mean the same."""
        sign = "" if self._minimum is not None and self._minimum >= 0 else "-?"
        whole = self._digits - self._places
        pattern = rf"^{sign}\d{{1,{whole}}}" + (
            rf"(\.\d{{1,{self._places}}})?$" if self._places else "$"
        )
        return handler.generate_schema(
            Annotated[
                source,
                BeforeValidator(_text_only),
                Field(ge=self._minimum, max_digits=self._digits, decimal_places=self._places),
                JsonSchema({"type": "string", "pattern": pattern, "format": "decimal"}),
            ]
        )


def _text_only(value: Any) -> Any:
    """Refuses JSON numbers and exponents: both lose or hide digits."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        message = 'must be a decimal in quotes, such as "2.55"'
        raise ValueError(message)  # noqa: TRY004 - Pydantic turns it into a field error
    if not value.isascii() or not value.lstrip("-").replace(".", "", 1).isdigit():
        message = 'must be a plain decimal, such as "2.55"'
        raise ValueError(message)
    return Decimal(value)


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        message = f"'{code}' is not an active ISO 4217 currency code"
        raise ValueError(message)
    return code


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        message = "must be printable text"
        raise ValueError(message)
    return text


Amount = Annotated[Decimal, DecimalString(decimal_places=4)]
"""Not negative, up to 4 decimals."""
Currency = Annotated[
    str, StringConstraints(min_length=3, max_length=3), AfterValidator(_known_currency)
]
"""An active ISO 4217 code, upper case."""
Sku = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(_printable)]
"""A stock keeping unit: any printable text up to 40 characters."""


def personal_fields(model: type[BaseModel], prefix: str = "") -> dict[str, str]:
    """Paths of the fields marked `Personal`, each with its category; `[]` stands for the items of a tuple."""
    found: dict[str, str] = {}
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        for mark in info.metadata:
            if isinstance(mark, Personal):
                found[path] = mark.category
        for part, steps in _models_in(info.annotation):
            found |= personal_fields(part, f"{path}{steps}.")
    return found


def problems_of_fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
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
                else:
                    yield from problems_of_fields(leaf, f"{path}.")


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
