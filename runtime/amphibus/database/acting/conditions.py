"""Conditions on dead letters as SQL: names of columns are ours, values are always bound."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from amphibus.errors import RequestFailed
from amphibus.messages.contracts.amphibus.acting import Condition

_COLUMNS: Final[Mapping[str, str]] = {"group": "fingerprint"}
"""Where a field is not called like its column."""
_OF_GROUPS: Final = frozenset(("group", "type", "exception", "frame", "died"))
"""The fields that an index has beside the group, so that groups are counted without a look at the letters."""
NUMBERS: Final = frozenset(("attempts", "died"))
_SQL: Final[Mapping[str, str]] = {
    "~": "lower(coalesce({}, '')) LIKE lower(?) ESCAPE '\\'",
    "!~": "lower(coalesce({}, '')) NOT LIKE lower(?) ESCAPE '\\'",
}
_PARTS: Final = frozenset(_SQL)
_OF_NUMBERS: Final = frozenset(("<", "<=", ">", ">="))


class Narrowing(NamedTuple):
    """The end of a WHERE clause, and the values in it."""

    sql: str
    values: tuple[Any, ...]


EVERYTHING: Final = Narrowing("", ())


def narrowing(where: Sequence[Condition]) -> Narrowing:
    """Returns conditions, all of which must be met, as ` AND ...`; nothing for none.

    Raises:
        RequestFailed: one of them compares what cannot be compared.
    """
    return Narrowing("".join(map(_sql, where)), tuple(map(_value, where)))


def narrowing_of_groups(where: Sequence[Condition]) -> Narrowing:
    """Returns conditions for who counts groups: nothing is looked for by its type, of which there may be few.

    Raises:
        RequestFailed: one of them compares what cannot be compared.
    """
    conditions = (
        _sql(each, "coalesce(type, '')" if each.field == "type" else "") for each in where
    )
    return Narrowing("".join(conditions), tuple(map(_value, where)))


def is_of_groups(where: Sequence[Condition]) -> bool:
    """Returns whether conditions are only about what letters of a group share, and when they died."""
    return all(each.field in _OF_GROUPS for each in where)


def _sql(each: Condition, otherwise: str = "") -> str:
    column = otherwise or _COLUMNS.get(each.field, each.field)
    if each.comparison in _PARTS:
        return f" AND {_SQL[each.comparison].format(column)}"
    if each.comparison == "!=" and each.field not in NUMBERS:
        column = f"coalesce({column}, '')"  # what has no key has not this one either
    return f" AND {column} {each.comparison} ?"


def _value(each: Condition) -> Any:
    if each.comparison in (_PARTS if each.field in NUMBERS else _OF_NUMBERS):
        raise RequestFailed(
            f"{each.field}{each.comparison}{each.value} cannot be asked",
            "texts are compared by = != ~ !~, numbers and times by = != < <= > >=",
            "amphibus dead list --help",
        )
    if each.comparison in _PARTS:
        return f"%{_escaped(each.value)}%"
    return _number(each) if each.field in NUMBERS else each.value


def _number(each: Condition) -> int:
    if not each.value.removeprefix("-").isdecimal() or len(each.value) > 18:
        raise RequestFailed(
            f"{each.field}{each.comparison}{each.value} cannot be asked",
            f"{each.field} is a number",
            "amphibus dead list --help",
        )
    return int(each.value)


def _escaped(text: str) -> str:
    for mark in "\\%_":
        text = text.replace(mark, f"\\{mark}")
    return text
