"""Types that must not stand at the border: those that have a second meaning there, or no end."""

import types
import typing
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, BeforeValidator, NaiveDatetime
from pydantic.fields import FieldInfo

from amphibus.contract.kinds import Message
from amphibus.contract.moments import reads_days, reads_moments
from amphibus.contract.money import DecimalString

_INSTANTS: Final = (datetime, AwareDatetime, NaiveDatetime)
_DEEPEST: Final = 20
"""A value that holds itself says nothing new below."""
_UNIONS: Final = (typing.Union, types.UnionType)


def problems_at_border(contract: type[Message]) -> Iterator[str]:
    """Says in words which fields of a contract that is reached over HTTP leave open what they may hold.

    The key field counts for every contract: it is stored and sent as a header.
    """
    outside = contract.contract_http is not None
    for path, problem in _problems(contract):
        if outside or (path == contract.contract_key and "has no end" in problem):
            yield f"field '{path}' {problem}"


def _problems(
    model: type[BaseModel], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, str]]:
    for name, info in model.model_fields.items():
        yield from _of(info.annotation, info.metadata, f"{prefix}{name}", depth)


def _of(kind: Any, marks: Sequence[Any], path: str, depth: int) -> Iterator[tuple[str, str]]:
    origin = typing.get_origin(kind)
    if origin is Annotated:
        inner, *more = typing.get_args(kind)
        yield from _of(inner, [*marks, *more], path, depth)
    elif origin in _UNIONS:
        for each in typing.get_args(kind):
            yield from _of(each, marks, path, depth)
    elif origin in (tuple, frozenset):
        yield from _of_list(kind, marks, path, depth)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        if depth < _DEEPEST:
            yield from _problems(kind, f"{path}.", depth + 1)
    elif (problem := _of_leaf(kind, marks)) is not None:
        yield path, problem


def _of_list(kind: Any, marks: Sequence[Any], path: str, depth: int) -> Iterator[tuple[str, str]]:
    items = typing.get_args(kind)
    if Ellipsis in items and not _has_end(marks):
        yield path, "is a list that has no end: declare Field(max_length=...)"
    for each in items:
        if each is not Ellipsis:
            yield from _of(each, (), f"{path}[]", depth)


def _of_leaf(kind: Any, marks: Sequence[Any]) -> str | None:
    if kind is str and not _has_end(marks):
        return "is text that has no end: declare ShortText, LongText, Key, EmailAddress or a max_length"
    readers = {each.func for each in marks if isinstance(each, BeforeValidator)}
    if kind in _INSTANTS and reads_moments not in readers:
        return "takes numbers and instants that nobody can reckon with: declare Moment"
    if kind is date and reads_days not in readers:
        return "takes numbers for days: declare Day"
    if kind is Decimal and not any(isinstance(each, DecimalString) for each in marks):
        return "takes numbers, which lose digits: declare Money, Amount or a DecimalString"
    return None


def _has_end(marks: Sequence[Any]) -> bool:
    return any(
        _has_end(each.metadata)
        if isinstance(each, FieldInfo)
        else getattr(each, "max_length", None) is not None
        for each in marks
    )
