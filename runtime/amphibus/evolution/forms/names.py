"""The names in a mapping: apart from its values, and as the text that they are on the wire."""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]
_WHOLE: Final = {"type": "string", "pattern": "^-?[0-9]+$"}
_NOTES: Final = ("title", "description")


def apart(schema: Json) -> Json:
    """Returns the schema of a mapping with its names beside its values; Pydantic has one pattern for both."""
    patterns = schema.get("patternProperties", {})
    if len(patterns) != 1 or schema.keys() & {"properties", "additionalProperties"}:
        return schema
    ((pattern, values),) = patterns.items()
    rest = {name: each for name, each in schema.items() if name != "patternProperties"}
    names = {**schema.get("propertyNames", {}), "pattern": pattern}
    return {**rest, "additionalProperties": values, "propertyNames": names}


def of_mapping(schema: Mapping[str, Any]) -> Json:
    """Returns what the names in a mapping must be, as its class has them: numbers and days, too."""
    if "x-names" in schema:
        return dict(schema["x-names"])
    names = dict(schema.get("propertyNames", {}))
    return names if "$ref" in names else {"type": "string", **names}


def on_the_wire(schema: Json) -> Json:
    """Returns the schema of a mapping that says of its names, in plain JSON Schema, what they are as text."""
    found = apart(schema)
    if not found.keys() & {"propertyNames", "x-names"}:
        return found
    names = _as_text(of_mapping(found))
    rest = {name: each for name, each in found.items() if name not in ("propertyNames", "x-names")}
    return rest if names == {"type": "string"} else {**rest, "propertyNames": names}


def not_said(names: Mapping[str, Any]) -> Json:
    """Returns what Pydantic does not say of the names in a mapping: of those that are no text, nothing."""
    if not names or names.get("type") == "string":
        return {}
    return {"x-names": {name: each for name, each in names.items() if name not in _NOTES}}


def _as_text(names: Mapping[str, Any]) -> Json:
    """A name is always text: that of a number, of a member, or of what else it stands for."""
    if "anyOf" in names:
        return {"anyOf": [_as_text(each) for each in names["anyOf"]]}
    if "const" in names or "enum" in names:
        values = [names["const"]] if "const" in names else names["enum"]
        return {"type": "string", "enum": [_text_of(each) for each in values]}
    if names.get("type") == "integer":
        return dict(_WHOLE)
    if names.get("type") == "number":
        return {"type": "string", "format": "decimal"}
    if names.get("type") == "boolean":
        return {"type": "string", "enum": ["true", "false"]}
    return dict(names)


def _text_of(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
