"""The door of a comparison: what is no JSON, or no JSON Schema, is named and not judged."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from amphibus.contract.inclusion.limits import Beyond

_ONE: Final = ("not", "if", "then", "else", "contains", "propertyNames", "additionalItems")
_SEVERAL: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED: Final = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")


def come_in(schema: Any) -> None:
    """Looks through a whole schema.

    Raises:
        Beyond: it is no JSON, or a keyword holds what it must not hold.
    """
    try:
        json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Beyond(f"the schema is no JSON: {error}") from None
    except RecursionError:
        raise Beyond("the schemas are nested too deeply to be compared") from None
    waiting = [schema]
    while waiting:
        waiting.extend(_checked(waiting.pop()))


def _checked(schema: Any) -> Iterator[Any]:
    """The schemas inside of one whose own keywords hold what they may."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise Beyond(f"{_short(schema)} is no schema")
    for keyword, value in schema.items():
        if not _KEYWORDS.get(keyword, _anything)(value):
            raise Beyond(f"'{keyword}' must not be {_short(value)}")
    yield from (schema[each] for each in _ONE if each in schema)
    yield from (inner for each in _SEVERAL for inner in schema.get(each, ()))
    yield from (inner for each in _NAMED for inner in schema.get(each, {}).values())
    items = schema.get("items", True)
    yield from items if isinstance(items, list) else [items]
    yield schema.get("additionalProperties", True)


def _anything(_: Any) -> bool:
    return True


def _is_number(it: Any) -> bool:
    return isinstance(it, int | float) and not isinstance(it, bool)


def _is_count(it: Any) -> bool:
    return _is_number(it) and it >= 0 and int(it) == it


def _is_text(it: Any) -> bool:
    return isinstance(it, str)


def _are_names(it: Any) -> bool:
    return isinstance(it, list) and all(map(_is_text, it))


def _is_map(it: Any) -> bool:
    return isinstance(it, Mapping)


def _is_list(it: Any) -> bool:
    return isinstance(it, list)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


_KEYWORDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("minimum", "maximum"), _is_number),
    **dict.fromkeys(
        ("exclusiveMinimum", "exclusiveMaximum"), lambda it: isinstance(it, int | float)
    ),
    "multipleOf": lambda it: _is_number(it) and it > 0,
    **dict.fromkeys(
        (
            *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
            *("minContains", "maxContains"),
        ),
        _is_count,
    ),
    **dict.fromkeys(("pattern", "format", "$ref", "x-minimum", "x-maximum"), _is_text),
    "type": lambda it: _is_text(it) or _are_names(it),
    "uniqueItems": lambda it: isinstance(it, bool),
    "required": _are_names,
    "dependentRequired": lambda it: _is_map(it) and all(map(_are_names, it.values())),
    **dict.fromkeys((*_SEVERAL, "enum"), _is_list),
    **dict.fromkeys(_NAMED, _is_map),
}
