"""The HTTP API as OpenAPI 3.1, made of the contracts."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from amphibus import __version__
from amphibus.contract import PUBLIC, Message, kind_of
from amphibus.documents.schemas import PARTS, Json, mapped
from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.outcomes.documented import EVENTS, PREFER, events_operation, follows_of
from amphibus.gateway.problems import KINDS

_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": f"{PARTS}Problem"}}}


def openapi(bindings: list[RouteBinding], title: str) -> Json:
    """The whole document."""
    queries = [each for each in bindings if kind_of(each.contract) == "query"]
    inputs, given = _schemas((each.contract for each in bindings), "validation")
    outputs, answers = _schemas((each.answer for each in bindings), "serialization")
    # A part that is used both ways is strict in a request and open in an answer: two schemas.
    for schema in given.values():
        if schema.get("type") == "object":
            schema["additionalProperties"] = False
    shared = {name: f"{name}.answer" for name in given.keys() & answers.keys()}
    answers = {shared.get(name, name): _renamed(each, shared) for name, each in answers.items()}
    outputs = {model: _renamed(each, shared) for model, each in outputs.items()}
    paths: dict[str, Json] = {}
    for each in bindings:
        schema = _resolved(inputs[each.contract], given)
        answer = {} if each.answer is None else outputs[each.answer]
        make = _query if each in queries else _command
        operation = make(each, schema, answer)
        paths.setdefault(each.http.path, {})[each.http.method.lower()] = operation
        names = follows_of(each, bindings) if each in queries else []
        if names:
            events = events_operation(operation, names, _PROBLEM)
            paths.setdefault(each.http.path + EVENTS, {})["get"] = events
            operation["parameters"].append(PREFER)
    unused = {each.contract.__name__ for each in bindings}
    parts = {name: schema for name, schema in given.items() if name not in unused}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": __version__,
            "description": "Every write may carry an `Idempotency-Key`; asked again, it gives the same answer.",
        },
        "paths": paths,
        "components": {
            "schemas": {**parts, **answers, "Problem": _problem()},
            "securitySchemes": _SCHEMES,
        },
    }


def _command(binding: RouteBinding, schema: Json, answer: Json) -> Json:
    outside = set(binding.path_names)
    properties = {name: each for name, each in schema["properties"].items() if name not in outside}
    body: Json = {**schema, "properties": properties}
    body["required"] = [name for name in schema.get("required", ()) if name not in outside]
    # Without the id, so that an example that is tried twice makes two things.
    left_out = outside | {binding.own_id}
    example = {
        name: value
        for name, value in (binding.contract.contract_example or {}).items()
        if name not in left_out
    }
    headers = {
        "Idempotent-Replayed": _header(
            "`true` where this is the stored answer to a repeated request."
        )
    }
    if binding.http.location is not None:
        headers["Location"] = _header("Where it can be read, at once.")
    operation = _operation(binding, schema)
    operation["parameters"] += [_IDEMPOTENCY_KEY]
    operation["requestBody"] = {
        "required": bool(body["required"]),
        "content": {
            "application/json": {"schema": body, **({"example": example} if example else {})}
        },
    }
    done = "Accepted and kept." if binding.http.stored else "Decided and done."
    operation["responses"] = {
        str(binding.http.status): _answer(done, answer, headers),
        **_problems(
            binding, (400, 409, 413, 415, 422, 429, 503), _of_commands(stored=binding.http.stored)
        ),
    }
    return operation


def _query(binding: RouteBinding, schema: Json, answer: Json) -> Json:
    operation = _operation(binding, schema)
    example = binding.contract.contract_example or {}
    required = schema.get("required", ())
    for name, each in schema["properties"].items():
        if name not in binding.path_names:
            operation["parameters"].append(
                {
                    "name": name,
                    "in": "query",
                    "required": name in required,
                    "schema": _without_null(each),
                    **({"example": example[name]} if example.get(name) is not None else {}),
                }
            )
    operation["responses"] = {
        "200": _answer("As it stands.", answer, {}),
        **_problems(
            binding,
            (400, 422, 429, 502, 503, 504),
            {429: _TOO_OFTEN, 503: "Its owner is away: try again."},
        ),
    }
    return operation


def _operation(binding: RouteBinding, schema: Json) -> Json:
    contract, example = binding.contract, binding.contract.contract_example or {}
    summary = binding.http.summary or (contract.__doc__ or "").strip().split("\n")[0]
    end = contract.contract_deprecated
    text = (contract.__doc__ or "").strip()
    return {
        "operationId": contract.contract_type,
        "tags": list(binding.http.tags) or [contract.contract_owner],
        "summary": summary,
        "description": text if end is None else f"{text}\n\nIt is {end}.",
        **({} if end is None else {"deprecated": True, "x-sunset": f"{end.sunset}"}),
        **_rights(contract),
        "parameters": [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": schema["properties"][name],
                **({"example": example[name]} if name in example else {}),
            }
            for name in binding.path_names
        ],
    }


def _rights(contract: type[Message]) -> Json:
    """The right that an operation needs, for programs; a bearer token and an API key are sent the same way."""
    requires, owned = contract.contract_requires, contract.contract_owned_by
    if requires is None or requires == PUBLIC:
        return {"security": []}
    whose = {} if owned is None else {"x-owned-by": owned}
    return {"security": [{"token": [requires]}, {"apiKey": [requires]}], **whose}


def _of_commands(*, stored: bool) -> dict[int, str]:
    texts = {
        409: "The same request is still being worked on, or the id was used with other content.",
        413: "The body is too large.",
        429: _TOO_OFTEN,
        415: "The body is not JSON.",
        422: "Fields are wrong, or the `Idempotency-Key` was used with another body.",
        503: "It could not be stored and was not accepted: try again.",
    }
    if not stored:
        texts |= {
            502: "Its owner failed; nothing was changed.",
            503: "Its owner is away; nothing was done: try again.",
            504: "No answer in time; it may have been done: ask again with the same key.",
        }
    return texts


def _problems(binding: RouteBinding, always: Iterable[int], texts: Mapping[int, str]) -> Json:
    usual = {400: "The request cannot be read.", 422: "Fields are wrong."}
    if binding.contract.contract_requires not in (None, PUBLIC):
        always = (*always, 401, 403)
        usual |= {401: "There is no good token or key.", 403: "It needs another right."}
    usual |= {502: "Its owner failed.", 504: "No answer in time: try again."}
    said = {status: [{**usual, **texts}[status]] for status in {*always, *texts}}
    for code, status in binding.contract.contract_refuses.items():
        said.setdefault(status, []).append(f"Refused: `{code}`.")
    return {
        str(status): {"description": " ".join(lines), "content": _PROBLEM}
        for status, lines in sorted(said.items())
    }


def _answer(text: str, schema: Json, headers: Json) -> Json:
    content = {"application/json": {"schema": schema or {"type": "object"}}}
    return {"description": text, "headers": {**headers, **_EVERY_ANSWER}, "content": content}


def _header(text: str) -> Json:
    return {"description": text, "schema": {"type": "string"}}


_TOO_OFTEN: Final = "It was asked too often: try again after `Retry-After` seconds."
_EVERY_ANSWER: Final = {
    "traceparent": _header("W3C trace context: the trace that was sent, or a new one."),
    "X-Request-Id": _header("The id of the message; the logs are searched by it."),
}
_SCHEMES: Final = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the issuer. Its scopes, or those of its roles, are its rights.",
    },
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "amk_",
        "description": "An API key, made by `amphibus keys create`.",
    },
}
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gives the stored answer; with another body, 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def _problem() -> Json:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "Problem details, RFC 9457.",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": {**text, "examples": [f"urn:amphibus:problem:{kind.name}" for kind in KINDS]},
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "instance": {**text, "description": "This occurrence."},
            "code": {**text, "description": "Of a refusal: why, in a word."},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": text, "message": text},
                },
            },
            "more_errors": {"type": "integer", "description": "How many are left out of `errors`."},
        },
    }


def _schemas(
    models: Iterable[type[BaseModel] | None], mode: JsonSchemaMode
) -> tuple[dict[Any, Json], dict[str, Json]]:
    """The schema of each model, and the parts that they refer to by name."""
    wanted = list(dict.fromkeys(model for model in models if model is not None))
    found, parts = models_json_schema(
        [(model, mode) for model in wanted], ref_template=f"{PARTS}{{model}}"
    )
    definitions: dict[str, Json] = parts.get("$defs", {})
    names = {name: _short(name) for name in definitions}
    return (
        {model: _renamed(found[(model, mode)], names) for model in wanted},
        {names[name]: _renamed(schema, names) for name, schema in definitions.items()},
    )


def _short(name: str) -> str:
    """Two classes of one name get the place of each before it: `contracts__orders__v1__Line`."""
    return re.sub(r"^contracts__", "", name).replace("__", ".")


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    def change(inner: Json) -> Json:
        if isinstance(inner.get("$ref"), str):
            name = inner["$ref"].removeprefix(PARTS)
            inner["$ref"] = PARTS + names.get(name, name)
        return inner

    return mapped(schema, change)


def _resolved(schema: Json, parts: Mapping[str, Json]) -> Json:
    name = schema.get("$ref", "").removeprefix(PARTS)
    return parts.get(name, schema)


def _without_null(schema: Json) -> Json:
    """A query parameter is absent or not; it is never null."""
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if not kinds:
        return schema
    rest = {key: each for key, each in schema.items() if key not in ("anyOf", "default")}
    return {**rest, **kinds[0]} if len(kinds) == 1 else {**rest, "anyOf": kinds}
