"""JSON as it comes from outside, read once and exactly."""

import json
from collections import Counter
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from amphibus.gateway.problems import INVALID, MALFORMED, Problem

_MOST_PARAMETERS: Final = 100


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is; an empty body is an object without fields.

    Raises:
        Problem: it is not UTF-8, not JSON (NaN and Infinity are not), has a key twice, is nested too
            deeply, or is no object. Two readers could understand each of these differently.
    """
    if not body.strip(b" \t\r\n"):
        return {}
    try:
        found = _DECODER.decode(body.decode())
    except UnicodeDecodeError as error:
        raise Problem(MALFORMED, f"the body is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Problem(MALFORMED, f"the body is not JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise Problem(MALFORMED, "the body is nested too deeply") from None
    except ValueError:
        raise Problem(MALFORMED, "the body has a number with too many digits") from None
    if not isinstance(found, dict):
        raise Problem(INVALID, "the body must be a JSON object")
    return found


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


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counted = Counter(name for name, _ in pairs)
        twice = counted.most_common(1)[0][0]
        raise Problem(MALFORMED, f"the body has the key {json.dumps(twice[:100])} twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise Problem(MALFORMED, f"the body is not JSON: {name} is no number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
