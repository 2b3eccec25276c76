"""The names of a model's fields: on the wire, in Python, and the places inside others at which one may stand."""

from collections.abc import Mapping
from typing import Any

from pydantic import AliasChoices, AliasPath

Json = dict[str, Any]


def name_fields(found: Json, cls: Any, config: Mapping[str, Any], *, reading: bool) -> None:
    """Adds to the schema of a model what its fields are called, where that is not their name in Python alone.

    Args:
        found: the schema of the model, which is changed.
        cls: the model.
        config: how it was built.
        reading: the schema is of what is taken; else of what is written.
    """
    properties = found.get("properties", {})
    for name, info in cls.model_fields.items():
        choices, paths = _taken_as(info.validation_alias)
        known = (info.serialization_alias, info.alias, *choices, name)
        wire = next((each for each in known if each in properties), None)
        if wire is None:
            continue
        if config.get("validate_by_alias") is False:
            choices, paths = [], []
        more: Json = {} if wire == name else {"x-name": name}
        if reading:
            others = {*choices, *([name] if config.get("validate_by_name") else [])} - {wire}
            more |= {"x-aliases": sorted(others)} if others else {}
            more |= {"x-own-name": True} if wire != name and name in choices else {}
            more |= {"x-paths": paths} if paths else {}
            more |= {"x-elsewhere": True} if paths and not choices else {}
        elif wire != name and not config.get("serialize_by_alias"):
            more |= {"x-written-as": name}
        if more:
            properties[wire] = {**properties[wire], **more}


def as_written(schema: Json) -> Json:
    """Returns the schema of a model in which each field has the name that it is written by."""
    properties = schema.get("properties", {})
    names = {
        name: each["x-written-as"]
        for name, each in properties.items()
        if isinstance(each, dict) and "x-written-as" in each
    }
    if not names:
        return schema
    return {
        **schema,
        "properties": {names.get(name, name): each for name, each in properties.items()},
        "required": [names.get(name, name) for name in schema.get("required", ())],
    }


def _taken_as(alias: Any) -> tuple[list[str], list[str]]:
    """Names beside each other, and paths into other fields."""
    if alias is None:
        return [], []
    each = alias.choices if isinstance(alias, AliasChoices) else [alias]
    steps = [it.path if isinstance(it, AliasPath) else [it] for it in each]
    names = [str(path[0]) for path in steps if len(path) == 1]
    return names, [".".join(map(str, path)) for path in steps if len(path) > 1]
