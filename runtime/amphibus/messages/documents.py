"""A payload as a document, for whoever shows or searches what somebody sent: also what no contract has judged."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

_DEEPEST: Final = 100
"""Far more than any contract has, and far less than Python can go down."""
_HALVES: Final = re.compile("[\ud800-\udfff]")


def document_of(body: bytes | str) -> Any:
    """Returns a payload as JSON.

    Raises:
        ValueError: it is none, or is nested deeper than anybody can go through it.
    """
    try:
        said = json.loads(body)
    except RecursionError:
        said = _too_deep()
    if _is_deeper(said, _DEEPEST):
        _too_deep()
    return said


def text_of(document: Any, *, indent: int | None = None) -> str:
    """Returns a document as JSON that every file and page takes: half of a surrogate pair stays an escape."""
    separators = None if indent else (",", ":")
    text = json.dumps(document, ensure_ascii=False, indent=indent, separators=separators)
    if _HALVES.search(text):
        return json.dumps(document, indent=indent, separators=separators)
    return text


def texts_in(document: Any) -> Iterator[str]:
    """Returns all texts of a document, the names in its objects too."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, list):
        for each in document:
            yield from texts_in(each)
    elif isinstance(document, dict):
        yield from document
        for each in document.values():
            yield from texts_in(each)


def _too_deep() -> Any:
    message = f"it is nested more than {_DEEPEST} deep"
    raise ValueError(message)


def _is_deeper(value: Any, most: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return most == 0 or any(_is_deeper(each, most - 1) for each in inside)
