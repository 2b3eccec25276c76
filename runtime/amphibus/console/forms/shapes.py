"""The shape of a value as a form asks for it, found in the JSON Schema of a contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Json = Mapping[str, Any]
Kind = Literal["text", "day", "moment", "integer", "decimal", "number", "flag", "choice"]
Whole = Literal["object", "list", "json"]
_DEEPEST: Final = 8
_LONG: Final = 255
_NOTHING: Final = {"type": "null"}
_BY_FORMAT: Final[Mapping[str, Kind]] = {
    "date": "day",
    "date-time": "moment",
    "decimal": "decimal",
}
_BY_TYPE: Final[Mapping[str, Kind]] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "flag",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """One value: what a form shows for it, and how its text is read."""

    kind: Kind | Whole
    says: str = ""
    """What the contract says of it, in a line."""
    hint: str = ""
    """What it must be like."""
    nullable: bool = False
    options: tuple[Any, ...] = ()
    parts: Mapping[str, "Shape"] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    """The parts that must be given."""
    items: "Shape | None" = None
    least: int = 0
    """The fewest items."""
    long: bool = False


def shape_of(schema: Json) -> Shape:
    """Returns the shape of a whole payload."""
    return _shape(schema, schema.get("$defs", {}), 0)


def _shape(schema: Any, parts: Json, depth: int) -> Shape:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return Shape("json")
    schema, nullable = _without_null(_followed(schema, parts), parts)
    says = " ".join(str(schema.get("description", "")).split())
    if "enum" in schema or "const" in schema:
        options = tuple(schema.get("enum", (schema.get("const"),)))
        return Shape("choice", says, nullable=nullable, options=options)
    if "properties" in schema:
        return _object(schema, parts, depth, says, nullable=nullable)
    if schema.get("type") == "array" and isinstance(schema.get("items"), Mapping):
        return Shape(
            "list",
            says,
            _hint(schema),
            nullable,
            items=_shape(schema["items"], parts, depth + 1),
            least=schema.get("minItems", 0),
        )
    kind = _kind(schema)
    return Shape(kind, says, _hint(schema), nullable, long=schema.get("maxLength", 0) > _LONG)


def _object(schema: Json, parts: Json, depth: int, says: str, *, nullable: bool) -> Shape:
    inside = {name: _shape(each, parts, depth + 1) for name, each in schema["properties"].items()}
    required = frozenset(schema.get("required", ()))
    return Shape("object", says, nullable=nullable, parts=inside, required=required)


def _kind(schema: Json) -> Kind | Whole:
    """Returns the kind of a simple value; what can be two kinds is text if one of them is."""
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    types = {each.get("type") for each in _variants(schema)} or {schema.get("type")}
    if types <= {"number", "string", "integer"} and "string" in types and len(types) > 1:
        return "decimal"
    return _BY_TYPE.get(str(next(iter(types))), "json") if len(types) == 1 else "json"


def _variants(schema: Json) -> Sequence[Json]:
    found = schema.get("anyOf") or schema.get("oneOf") or ()
    return [each for each in found if isinstance(each, Mapping)]


def _followed(schema: Json, parts: Json) -> Json:
    """Returns a schema with what its `$ref` leads to; its own words hold."""
    for _ in range(_DEEPEST):
        if "$ref" not in schema:
            break
        there = parts.get(str(schema["$ref"]).removeprefix("#/$defs/"), {})
        schema = {**there, **{name: each for name, each in schema.items() if name != "$ref"}}
    return schema


def _without_null(schema: Json, parts: Json) -> tuple[Json, bool]:
    """Returns a schema without the null that it also takes, and whether it takes it."""
    variants = _variants(schema)
    others = [each for each in variants if each != _NOTHING]
    if len(others) == len(variants) or len(others) != 1:
        return schema, len(others) != len(variants)
    own = {name: each for name, each in schema.items() if name not in ("anyOf", "oneOf")}
    return {**_followed(others[0], parts), **own}, True


def _hint(schema: Json) -> str:
    said = [
        words.format(schema[name])
        for name, words in (
            ("minimum", "{} or more"),
            ("exclusiveMinimum", "more than {}"),
            ("maximum", "{} at most"),
            ("exclusiveMaximum", "less than {}"),
            ("minItems", "{} or more of them"),
            ("maxItems", "{} of them at most"),
            ("maxLength", "up to {} characters"),
        )
        if name in schema
    ]
    name = str(schema.get("format", ""))
    return ", ".join(([name] if name not in ("", "decimal", "date") else []) + said)
