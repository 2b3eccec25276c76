"""Two JSON Schemas of a value: what its class writes, and what its class takes.

They say what Pydantic's own leave out: the bounds of a decimal, times with or without a zone, strict types, other
names, and the validators. What is written is closed and has every field; what is taken is open.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from amphibus.evolution.forms.aliases import name_fields
from amphibus.evolution.forms.names import not_said
from amphibus.evolution.forms.validators import fingerprint, is_of_a_library

Json = dict[str, Any]
_FUNCTIONS: Final = ("function-before", "function-after", "function-wrap", "function-plain")
_LOCAL: Final = "local-date-time"
_IN_TIME: Final = ("date", "datetime", "time", "timedelta")
_ENDS: Final = {"ge": "x-from", "gt": "x-after", "le": "x-until", "lt": "x-before"}
_CHANGES: Final = ("strip_whitespace", "to_lower", "to_upper")
_SECONDS: Final = {"float": "seconds"}
_PLAIN_ENCODINGS: Final = (None, "utf8", "iso8601", "infer")
_TIMES: Final[Mapping[str | None, tuple[str, ...]]] = {
    "aware": ("date-time",),
    "naive": (_LOCAL,),
    None: ("date-time", _LOCAL),
}


def taken_by(model: type[BaseModel]) -> Json:
    """Returns the schema of the documents that a class takes."""
    found = model.model_json_schema(mode="validation", schema_generator=_Taken)
    return dict(without_titles(found))


def written_by(model: type[BaseModel]) -> Json:
    """Returns the schema of the documents that a class writes: closed, with all fields."""
    found = model.model_json_schema(mode="serialization", schema_generator=_Written)
    return dict(without_titles(found))


def without_titles(schema: Any) -> Any:
    """Returns a schema without the titles that are made of names."""
    if isinstance(schema, list):
        return [without_titles(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _inner(name, each) for name, each in schema.items()}
    if isinstance(found.get("title"), str):
        del found["title"]
    return found


def _inner(name: str, each: Any) -> Any:
    if name in ("properties", "$defs", "patternProperties") and isinstance(each, dict):
        return {key: without_titles(value) for key, value in each.items()}
    return each if name in ("default", "const", "enum", "examples") else without_titles(each)


@dataclass(slots=True)
class _Marks:
    """The facts of one type that its schema does not say."""

    leaf: Mapping[str, Any]
    bounds: dict[str, Any] = field(default_factory=dict)
    validators: list[str] = field(default_factory=list)
    serializers: list[str] = field(default_factory=list)


class _Taken(GenerateJsonSchema):
    """Pydantic's schemas, with what they leave out."""

    def __init__(self, *words: Any, **options: Any) -> None:
        """Begins outside of every class."""
        super().__init__(*words, **options)
        self._settings: list[Mapping[str, Any]] = [{}]
        """Those of the classes around a type, the innermost last."""

    def generate_inner(self, schema: Any) -> Json:
        """Adds the marks of a type to its schema."""
        found: Json = super().generate_inner(schema)
        marks = _marks_of(schema)
        more = dict(_of_leaf(marks)) | dict(self._of_settings(marks.leaf))
        for name, some in (("validators", marks.validators), ("serializers", marks.serializers)):
            if some:
                more[f"x-{name}"] = list(dict.fromkeys([*some, *found.get(f"x-{name}", ())]))
        return found | more if more else found

    def enum_schema(self, schema: Any) -> Json:
        """Marks an enum that takes what it does not know as one of its members."""
        return super().enum_schema(schema) | ({"x-open": True} if _is_open(schema["cls"]) else {})

    def datetime_schema(self, schema: Any) -> Json:
        """Tells times with a zone from those without."""
        each: list[Json] = [
            {"type": "string", "format": name} for name in _TIMES[schema.get("tz_constraint")]
        ]
        return each[0] if len(each) == 1 else {"anyOf": each}

    def decimal_schema(self, schema: Any) -> Json:  # noqa: ARG002 - Pydantic calls it so
        """Tells decimals from other text; a class takes numbers for them too."""
        text: Json = {"type": "string", "format": "decimal"}
        number: Json = {"type": "number"}
        return {"anyOf": [number, text]} if self.mode == "validation" else text

    def _of_settings(self, leaf: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """The facts of a type that the settings of the class around it make."""
        settings, reading = self._settings[-1], self.mode == "validation"
        kind = leaf.get("type")
        if kind == "str":
            made = [name for name in _CHANGES if leaf.get(name, settings.get(f"str_{name}"))]
            made += ["coerce_numbers_to_str"] if settings.get("coerce_numbers_to_str") else []
            if reading and made != [name for name in _CHANGES if leaf.get(name)][-1:]:
                yield "x-made-of", made
        if kind == "bytes":
            encoding = settings.get("val_json_bytes" if reading else "ser_json_bytes")
            if encoding not in _PLAIN_ENCODINGS:
                yield "x-encoding", encoding
        if kind in _IN_TIME:
            unit = settings.get("val_temporal_unit" if reading else "ser_json_temporal")
            if kind == "timedelta" and not reading and unit is None:
                unit = _SECONDS.get(settings.get("ser_json_timedelta", ""))
            if unit not in _PLAIN_ENCODINGS:
                yield "x-encoding", unit

    def tagged_union_schema(self, schema: Any) -> Json:
        """Adds the code that tells the alternatives apart, where that is no field."""
        found = super().tagged_union_schema(schema)
        if not callable(schema["discriminator"]):
            return found
        told_by = fingerprint(schema["discriminator"])
        return found | {"x-told-by": [told_by, *map(str, schema["choices"])]}

    def named_tuple_schema(self, schema: Any) -> Json:
        """Adds the names of the places: on the wire it is a list."""
        found = super().named_tuple_schema(schema)
        return found | {"x-places": [each["name"] for each in schema["fields"]]}

    def dict_schema(self, schema: Any) -> Json:
        """Adds what the names are, where they are no text."""
        found = super().dict_schema(schema)
        names = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        beside = {name: each for name, each in names.items() if name != "$ref"}
        return found | not_said(self.resolve_ref_schema(names) | beside)

    def model_schema(self, schema: Any) -> Json:
        """Adds the validators of the whole, and the names of Python where others are on the wire."""
        cls = schema["cls"]
        self._settings.append(cls.model_config)
        found = super().model_schema(schema)
        self._settings.pop()
        hooks = cls.__pydantic_decorators__
        for name, some in (
            ("x-validators", hooks.model_validators),
            ("x-serializers", hooks.model_serializers),
        ):
            if some:
                found[name] = [fingerprint(each.func) for each in some.values()]
        if cls.model_config.get("strict"):
            found["x-strict"] = True
        name_fields(found, cls, schema.get("config", {}), reading=self.mode == "validation")
        return found


class _Written(_Taken):
    """Schemas of what is written: no field is left out, none is added."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        """A field with a default is written all the same."""
        hidden = field.get("serialization_exclude") or field.get("serialization_exclude_if")
        return not hidden and super().field_is_required(field, total) is not None

    def model_schema(self, schema: Any) -> Json:
        """Closes what is not declared open."""
        found = super().model_schema(schema)
        if schema["cls"].model_config.get("extra") != "allow" and "properties" in found:
            found["additionalProperties"] = False
        return found


def _is_open(cls: type[Enum]) -> bool:
    """Returns whether an enum's `_missing_` finds a member for a value that nobody declared."""
    for unknown in ("no such value", -987_654_321):
        try:
            cls(unknown)
        except Exception:  # noqa: BLE001, S112 - `_missing_` is code of the project, and may raise anything
            continue
        return True
    return False


def _marks_of(schema: Any) -> _Marks:
    """The marks of a type where it stands; those of a value's own class are said once, with its fields."""
    marks = _Marks(schema)
    while isinstance(schema, Mapping) and "ref" not in schema:
        writes = schema.get("serialization", {}).get("function")
        if writes is not None and not is_of_a_library(writes):
            marks.serializers.append(fingerprint(writes))
        if schema.get("type") not in _FUNCTIONS:
            break
        function = schema["function"]["function"]
        if isinstance(function, partial) and function.func.__module__.startswith("pydantic."):
            marks.bounds |= function.keywords
        else:
            marks.validators.append(fingerprint(function))
        schema = schema.get("schema", {})
    marks.leaf = schema
    return marks


def _of_leaf(marks: _Marks) -> Iterator[tuple[str, Any]]:
    leaf = marks.leaf
    if leaf.get("strict"):
        yield "x-strict", True
    bounds = dict(leaf) | marks.bounds
    if leaf.get("type") in _IN_TIME:
        yield from _of_time(bounds)
    if leaf.get("type") == "decimal":
        step = Decimal(1).scaleb(-bounds["decimal_places"]) if "decimal_places" in bounds else 0
        for low, high, sign in (("ge", "gt", 1), ("le", "lt", -1)):
            end = bounds.get(low)
            beyond = bounds.get(high)
            name = "x-minimum" if sign > 0 else "x-maximum"
            if end is not None:
                yield name, str(end)
            elif beyond is not None:
                yield name, str(Decimal(beyond) + sign * step)
        for name in ("max_digits", "decimal_places"):
            if name in bounds:
                yield f"x-{name.replace('_', '-')}", bounds[name]
        if "multiple_of" in bounds:
            yield "x-multiple-of", str(bounds["multiple_of"])
    yield from (("x-changed", name) for name in _CHANGES if leaf.get(name))


def _of_time(bounds: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, mark in _ENDS.items():
        if name in bounds:
            yield mark, _instant(bounds[name])
    if bounds.get("now_op"):
        yield "x-now", bounds["now_op"]


def _instant(value: Any) -> str | float:
    """An end of days, times or durations as it can be compared: in UTC, or in seconds."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    zoned = isinstance(value, datetime) and value.tzinfo is not None
    return str((value.astimezone(UTC) if zoned else value).isoformat())
