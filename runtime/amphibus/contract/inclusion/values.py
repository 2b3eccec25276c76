"""JSON values as JSON Schema sees them: their kind, what is equal, and numbers without rounding."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal

Kind = Literal["null", "boolean", "number", "string", "array", "object"]
KINDS: Final[tuple[Kind, ...]] = ("null", "boolean", "number", "string", "array", "object")
_BY_TYPE: Final[dict[type, Kind]] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    tuple: "array",
    dict: "object",
}


def kind_of_value(value: Any) -> Kind:
    """The kind of a value."""
    return "null" if value is None else _BY_TYPE[type(value)]


def exact(number: float | Decimal | str) -> Fraction:
    """A number as it is written in decimal digits."""
    return Fraction(number) if isinstance(number, int) else Fraction(str(number))


def identity(value: Any) -> Any:
    """A hashable key, the same for values that JSON Schema calls equal: 1 is 1.0 and is not true."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value), value)
    if isinstance(value, int | float):
        return ("number", exact(value))
    if isinstance(value, dict):
        return ("object", frozenset((name, identity(each)) for name, each in value.items()))
    return ("array", tuple(identity(each) for each in value))


def as_json(number: Fraction) -> Any:
    """A number as JSON writes it: an int where it is whole, the nearest float otherwise."""
    return int(number) if number.denominator == 1 else float(number)


def shown(value: Any) -> str:
    """A value as JSON, on one line."""
    return json.dumps(value, ensure_ascii=False)
