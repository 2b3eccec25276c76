"""The findings of a validation in plain words, the same over HTTP, over the broker and on the command line."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

_SHOULD: Final = re.compile(r"^\w+(?: input)? should")


def details_of(error: ValidationError) -> list[Any]:
    """Returns everything that was found, as `in_words` reads it."""
    return error.errors(include_url=False)


def in_words(wrong: Mapping[str, Any]) -> str:
    """Returns what must be otherwise, without the value and without Pydantic's own words."""
    kind = wrong["type"]
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        return "is not a known field"
    if kind == "string_pattern_mismatch":
        return "has a character or a form that this field does not take"
    if kind in ("too_short", "too_long"):
        return _length(wrong)
    message = wrong["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return _SHOULD.sub("must", message)


def _length(wrong: Mapping[str, Any]) -> str:
    noun = "character" if isinstance(wrong["input"], str) else "item"
    least = wrong["type"] == "too_short"
    bound = wrong["ctx"]["min_length" if least else "max_length"]
    ending = "" if bound == 1 else "s"
    return f"must have at {'least' if least else 'most'} {bound} {noun}{ending}"
