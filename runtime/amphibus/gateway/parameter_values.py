"""The meaning of a parameter's text: a JSON value as the published schema has it, and nothing that only looks so.

Python reads `1_0` as ten and `yes` as true. Whoever generated a client from the schema would never send these.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import TypeAdapter

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?(?:[eE][+-]?[0-9]{1,2})?")
_BOOLEANS: Final = {"true": True, "false": False}

ReadText = Callable[[str], Any]
"""Returns the value that a text means; the text itself where it means none, which its contract then refuses."""


def reader_of(kind: TypeAdapter[Any]) -> ReadText:
    """Returns what reads the texts of a parameter of some type."""
    types = set(_types(kind.json_schema()))
    if "string" in types:
        return _text
    if "boolean" in types:
        return _boolean
    if "integer" in types:
        return _integer
    return _number if "number" in types else _text


def _types(schema: Mapping[str, Any]) -> Iterator[str]:
    definitions = schema.get("$defs", {})
    for each in (schema, *schema.get("anyOf", ())):
        found = definitions.get(each.get("$ref", "").rpartition("/")[2], each)
        if "type" in found:
            yield found["type"]


def _text(text: str) -> str:
    return text


def _boolean(text: str) -> bool | str:
    return _BOOLEANS.get(text, text)


def _integer(text: str) -> int | str:
    return int(text) if _INTEGER.fullmatch(text) else text


def _number(text: str) -> float | str:
    return float(text) if _NUMBER.fullmatch(text) else text
