"""The description of a setting, in words: its meaning, type, range, unit and default, and when it may change."""

from typing import Any, Final, NamedTuple

from pydantic import SecretStr

from amphibus.config.leaves import NAMED, Leaf
from amphibus.config.masking import shown

_TYPES: Final = {
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "string": "text",
    "array": "list",
    "object": "table",
}
_UNITS: Final = ("seconds", "minutes", "hours", "days", "bytes")
"""The last words of names that say the unit."""


class Description(NamedTuple):
    """One setting in words; empty where there is nothing to say."""

    meaning: str
    type: str
    range: str
    unit: str
    default: Any
    hot: bool


def described(key: str, leaf: Leaf) -> Description:
    """Returns the description of a setting."""
    schema = leaf.adapter.json_schema()
    options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    types = " or ".join(_type(each) for each in options)
    default = None
    if not (leaf.field.is_required() or key.partition(".")[0] in NAMED):
        default = leaf.field.get_default(call_default_factory=True)
    return Description(
        meaning=" ".join((leaf.field.description or "").split()),
        type="secret text" if leaf.secret else types,
        range=", ".join(filter(None, map(_range, options))),
        unit=_unit(key, leaf),
        default=shown(key, SecretStr(str(default)) if leaf.secret and default else default),
        hot=leaf.hot is not None and not leaf.secret,
    )


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return "one of " + ", ".join(map(str, schema.get("enum", [schema.get("const")])))
    return _TYPES.get(schema.get("type", ""), "value")


def _range(schema: dict[str, Any]) -> str:
    words = (
        ("minimum", "at least"),
        ("exclusiveMinimum", "more than"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "less than"),
        ("maxLength", "characters at most"),
    )
    return ", ".join(f"{word} {schema[name]:,}" for name, word in words if name in schema)


def _unit(key: str, leaf: Leaf) -> str:
    if leaf.hot is not None and leaf.hot.unit:
        return leaf.hot.unit
    last = key.rpartition("_")[2]
    return last if last in _UNITS else ""
