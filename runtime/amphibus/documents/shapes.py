"""The shape of a JSON Schema in words, for whoever reads a page and no schema."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]
_DEEPEST: Final = 6
_BOUNDS: Final = (
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a payload, as a row of a table."""

    path: str
    """Names from the outside in; `[]` stands for the items of a list."""
    type: str
    required: bool
    notes: str


def fields_of(schema: Json, parts: Json) -> Iterator[Field]:
    """Yields the fields of a payload, the fields inside of them after each."""
    yield from _fields(schema, parts, "", _DEEPEST)


def _fields(schema: Json, parts: Json, prefix: str, depth: int) -> Iterator[Field]:
    required = set(schema.get("required", ()))
    for name, each in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        notes = ", ".join(text.format(each[word]) for word, text in _BOUNDS if word in each)
        description = str(each.get("description", ""))
        yield Field(
            path,
            _type(each, parts),
            name in required,
            "; ".join(filter(None, (description, notes))),
        )
        for inner, steps in _objects(each, parts):
            if depth:
                yield from _fields(inner, parts, f"{path}{steps}.", depth - 1)


def _objects(schema: Json, parts: Json) -> Iterator[tuple[Json, str]]:
    found = _resolved(schema, parts)
    if "properties" in found:
        yield found, ""
    if isinstance(found.get("items"), dict):
        yield from ((each, f"[]{steps}") for each, steps in _objects(found["items"], parts))
    for each in found.get("anyOf", ()):
        yield from _objects(each, parts)


def _type(schema: Json, parts: Json) -> str:
    found = _resolved(schema, parts)
    if "anyOf" in found:
        return " or ".join(dict.fromkeys(_type(each, parts) for each in found["anyOf"]))
    if "const" in found:
        return f"“{found['const']}”"
    if "enum" in found:
        return " or ".join(f"“{each}”" for each in found["enum"])
    kind = str(found.get("type", "anything"))
    if kind == "array":
        return f"list of {_type(found.get('items', {}), parts)}"
    shown = (
        found.get("format") or found.get("title", "") if kind == "object" else found.get("format")
    )
    return f"{kind} ({shown})" if shown else kind


def _resolved(schema: Json, parts: Json) -> Json:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: Json = parts.get(name, schema)
    return found
