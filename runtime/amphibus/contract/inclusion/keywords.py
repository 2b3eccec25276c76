"""The keywords of a schema, read the same in the words of every draft."""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from amphibus.contract.inclusion.limits import Beyond
from amphibus.contract.inclusion.values import exact

_UNKNOWN: Final = (
    *("$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems"),
    *("dependencies", "contentSchema"),
)


def refuse_unknown(raw: Mapping[str, Any]) -> None:
    """Refuses a schema with a keyword that asserts something and is not understood.

    Raises:
        Beyond: it has one.
    """
    for keyword in _UNKNOWN:
        if keyword in raw:
            raise Beyond(f"the keyword '{keyword}' is not understood")


def types_of(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """The types that a schema names; `nullable`, as OpenAPI 3.0 has it, adds null.

    Raises:
        Beyond: it names what is no type.
    """
    named = raw["type"]
    types = (named,) if isinstance(named, str) else tuple(named)
    for each in types:
        if each not in ("null", "boolean", "integer", "number", "string", "array", "object"):
            raise Beyond(f"{each!r} is no type")
    return (*types, "null") if raw.get("nullable") is True else types


def items_of(raw: Mapping[str, Any]) -> tuple[list[Any], Any]:
    """The schemas of the first items, and that of all others, in the words of any draft."""
    if "prefixItems" in raw:
        return raw["prefixItems"], raw.get("items", True)
    items = raw.get("items", True)
    return (items, raw.get("additionalItems", True)) if isinstance(items, list) else ([], items)


def bounds_of(raw: Mapping[str, Any]) -> tuple[Fraction | None, bool, Fraction | None, bool]:
    """The least number and whether it is left out, the greatest and whether it is left out."""
    low, low_open = _bound(raw, "minimum", "exclusiveMinimum", max)
    high, high_open = _bound(raw, "maximum", "exclusiveMaximum", min)
    return low, low_open, high, high_open


def _bound(
    raw: Mapping[str, Any], closed: str, opened: str, tighter: Callable[..., Fraction]
) -> tuple[Fraction | None, bool]:
    end = exact(raw[closed]) if closed in raw else None
    outside = raw.get(opened)
    if isinstance(outside, bool) or outside is None:
        return end, bool(outside)
    beyond = exact(outside)
    if end is None or tighter(end, beyond) == beyond:
        return beyond, True
    return end, False


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    # In JSON Schema a `$` is the end; Python's takes an end of line before it too.
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        pattern = pattern[:-1] + r"\Z"
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        raise Beyond(f"the pattern {pattern!r} is not understood") from None


def searched(pattern: str, text: str) -> bool:
    """Returns whether a pattern is found in a text."""
    return _compiled(pattern).search(text) is not None
