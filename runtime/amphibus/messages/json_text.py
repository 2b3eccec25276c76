"""JSON as it comes from outside, read once and exactly, by the same rule at every door."""

import json
import re
import threading
from collections import Counter
from typing import Any, Final, NoReturn

from amphibus.contract.bounds import MOST_ITEMS, Bounds

LARGE_BYTES: Final = 65_536
"""A body of more is read in a thread, so that the loop goes on meanwhile."""
_LONGEST_NAME: Final = 100
_MOST_COMMAS: Final = 2 * MOST_ITEMS
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""A text of JSON, or what begins as one and never ends."""


class Unreadable(ValueError):
    """A body that is not JSON, or that two readers could understand differently, or that holds too much."""


class NoObject(Unreadable):
    """A body that is JSON and no object."""


class TooLong(Unreadable):
    """A body with lists that are longer than their contract allows."""

    def __init__(self, lists: list[tuple[str, int]]) -> None:
        super().__init__(
            "; ".join(f"{path}: must have at most {most} items" for path, most in lists)
        )
        self.lists = lists
        """Each with its path and how many items it may have."""


class _Reader(threading.local):
    """Decodes one body after the other and counts the values of each; every thread has its own."""

    def __init__(self) -> None:
        self.values = 0
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=_no_number)

    def decode(self, text: str) -> Any:
        """Decodes a text, and begins to count anew."""
        self.values = 0
        return self._decoder.decode(text)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One object, its keys checked to be there once each."""
        self.values += 1 + len(pairs)
        if self.values > MOST_ITEMS:
            raise _too_many(MOST_ITEMS)
        found = dict(pairs)
        if len(found) != len(pairs):
            twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
            message = f"the body has the key {json.dumps(twice[:_LONGEST_NAME])} twice"
            raise Unreadable(message)
        return found


def read_json(body: bytes, bounds: Bounds | None = None) -> dict[str, Any]:
    """The JSON object that a body is; costs no more than its length, whatever it holds.

    Args:
        body: the bytes.
        bounds: what its contract can hold.

    Raises:
        Unreadable: it is not UTF-8, not JSON (NaN and Infinity are not), has a key twice, is nested too
            deeply, or holds far more than its contract can.
        NoObject: it is something else than an object.
        TooLong: it has lists that are longer than its contract allows.
    """
    found = _decoded(body)
    if b"\\u" in body and _has_half_a_pair(found):
        message = "the body has half of a surrogate pair, which is no text"
        raise Unreadable(message)
    if not isinstance(found, dict):
        message = "the body must be a JSON object"
        raise NoObject(message)
    if bounds is not None:
        if long := list(bounds.too_long(found)):
            raise TooLong(long)
        if _reader.values > bounds.values:
            raise _too_many(bounds.values)
    return found


def _decoded(body: bytes) -> Any:
    if body.count(b"[") > MOST_ITEMS:  # lists alone are not seen by the counter
        raise _too_many(MOST_ITEMS)
    if _has_more_commas(body, _MOST_COMMAS):  # of plain values, which it does not see either
        raise _too_many(_MOST_COMMAS)
    try:
        return _reader.decode(body.decode())
    except Unreadable:
        raise
    except UnicodeDecodeError as error:
        message = f"the body is not UTF-8 at byte {error.start}"
        raise Unreadable(message) from None
    except json.JSONDecodeError as error:
        message = f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise Unreadable(message) from None
    except RecursionError:
        message = "the body is nested too deeply"
        raise Unreadable(message) from None
    except ValueError:
        message = "the body has a number with too many digits"
        raise Unreadable(message) from None


def _has_more_commas(body: bytes, most: int) -> bool:
    """Returns whether there are more than that outside of texts. The decoder lets nobody else run between them."""
    if body.count(b",") <= most:
        return False
    found = at = 0
    for text in _TEXT.finditer(body):
        found += body.count(b",", at, text.start())
        at = text.end()
        if found > most:
            return True
    return found + body.count(b",", at) > most


def _has_half_a_pair(found: Any) -> bool:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _too_many(most: int) -> Unreadable:
    return Unreadable(f"the body holds more than {most} values, which is more than it can mean")


def _no_number(name: str) -> NoReturn:
    message = f"the body is not JSON: {name} is no number"
    raise Unreadable(message)


_reader: Final = _Reader()
