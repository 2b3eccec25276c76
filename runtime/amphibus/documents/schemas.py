"""The JSON Schemas of contracts, as documents need them: alone in a file, or with their parts in one place."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal

from pydantic import BaseModel

from amphibus.contract import Message, kind_of, personal_fields

Json = dict[str, Any]
PARTS: Final = "#/components/schemas/"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def payload_of(contract: type[Message]) -> Json:
    """Returns the schema of a payload: an event as its owner writes it, any other as its owner accepts it."""
    schema = _schema(contract, "serialization" if kind_of(contract) == "event" else "validation")
    return schema | ({"deprecated": True} if contract.contract_deprecated else {})


def end_of(contract: type[Message]) -> Json:
    """Returns the days of a contract's end, and what takes its place; empty for one that is to stay."""
    end = contract.contract_deprecated
    if end is None:
        return {}
    return {"since": f"{end.since}", "sunset": f"{end.sunset}", "use": end.use}


def answer_of(contract: type[Message]) -> Json | None:
    """Returns the schema of the answer as its owner writes it, if there is one."""
    answer = contract.answer_type()
    return None if answer is None else _schema(answer, "serialization")


def standing_alone(contract: type[Message]) -> Json:
    """Returns a contract as one JSON Schema of the draft 2020-12, with its answer among its definitions."""
    schema = payload_of(contract)
    marks = personal_fields(contract)
    answer = answer_of(contract)
    parts = dict(schema.pop("$defs", {}))
    if answer is not None:
        parts |= answer.pop("$defs", {}) | {"answer": answer}
    return {
        "$schema": DIALECT,
        "$id": f"urn:amphibus:contract:{contract.contract_type}",
        "title": contract.contract_type,
        **{name: value for name, value in schema.items() if name != "title"},
        **({"examples": [dict(contract.contract_example)]} if contract.contract_example else {}),
        **({"x-personal": marks} if marks else {}),
        **({"$defs": parts} if parts else {}),
    }


def spread(name: str, schema: Json) -> dict[str, Json]:
    """Returns a schema and its definitions as entries of `#/components/schemas/`, each under a name of its own."""
    parts = schema.get("$defs", {})
    moved = {f"#/$defs/{part}": f"{PARTS}{name}.{part}" for part in parts}
    whole = {key: value for key, value in schema.items() if key != "$defs"}
    entries = {name: whole} | {f"{name}.{part}": each for part, each in parts.items()}
    return {entry: mapped(each, partial(_moved, moved)) for entry, each in entries.items()}


def _schema(model: type[BaseModel], mode: Literal["validation", "serialization"]) -> Json:
    return model.model_json_schema(mode=mode)


def mapped(schema: Any, change: Callable[[Json], Json]) -> Any:
    """Returns a schema in which `change` was applied to every object, the inner ones first."""
    if isinstance(schema, list):
        return [mapped(each, change) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return change({key: mapped(each, change) for key, each in schema.items()})


def _moved(places: Mapping[str, str], schema: Json) -> Json:
    if isinstance(schema.get("$ref"), str):
        schema["$ref"] = places.get(schema["$ref"], schema["$ref"])
    if isinstance(schema.get("discriminator"), dict):
        # OpenAPI's has a mapping; AsyncAPI's is the name alone.
        schema["discriminator"] = schema["discriminator"]["propertyName"]
    return schema
