"""Bodies and query strings as the gateway takes them."""

import json
from typing import Any, Final
from urllib.parse import parse_qsl

from amphibus.contract.bounds import Bounds
from amphibus.gateway.problems import INVALID, MALFORMED, Problem, invalid, wrong
from amphibus.messages.json_text import NoObject, TooLong, Unreadable, read_json

_MOST_PARAMETERS: Final = 100


def read_object(body: bytes, bounds: Bounds | None = None) -> dict[str, Any]:
    """The JSON object that a body is; an empty body is an object without fields.

    Args:
        body: the bytes.
        bounds: what the contract can hold; without it, what any can.

    Raises:
        Problem: it is no JSON that all readers understand alike, is no object, or holds more than the contract.
    """
    if not body.strip(b" \t\r\n"):
        return {}
    try:
        return read_json(body, bounds)
    except TooLong as error:
        named = [wrong(path, f"must have at most {most} items") for path, most in error.lists]
        raise invalid(named) from None
    except NoObject as error:
        raise Problem(INVALID, str(error)) from None
    except Unreadable as error:
        raise Problem(MALFORMED, str(error)) from None


def canonical(data: dict[str, Any]) -> bytes:
    """The same content always as the same bytes: keys sorted, no spaces, ASCII.

    Raises:
        Problem: a number is out of range, or the data is nested too deeply.
    """
    try:
        return _ENCODER.encode(data).encode("ascii")
    except RecursionError:
        raise Problem(MALFORMED, "the body is nested too deeply") from None
    except ValueError:
        raise Problem(MALFORMED, "the body has a number that is out of range") from None


def read_query(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a query string, decoded.

    Raises:
        Problem: they are not UTF-8 or far too many.
    """
    if not query:
        return []
    try:
        return parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except UnicodeError:
        raise Problem(MALFORMED, "the query string is not UTF-8") from None
    except ValueError:
        raise Problem(MALFORMED, f"at most {_MOST_PARAMETERS} parameters are read") from None


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
