"""Holds every answer of the tests against the API's own description."""

import re
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.openapi import openapi
from tests.gateway.library import v1 as library

CONTRACTS = (
    library.Lend,
    library.Renew,
    library.Close,
    library.GetLoan,
    library.ListLoans,
    library.GetShelf,
)
# Of these a client need not be told beforehand.
_ALWAYS = {404, 405, 408, 500}


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document of the library."""
    bindings = [RouteBinding(each, each.contract_http) for each in CONTRACTS if each.contract_http]
    return openapi(bindings, "The library")


def schema(part: dict[str, Any]) -> Draft202012Validator:
    """A validator for a part of the description, which may refer to others."""
    whole = {**part, "components": description()["components"]}
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


async def check_answer(response: httpx.Response) -> None:
    """Fails unless the answer is one that the description promises."""
    await response.aread()
    operation = _operation(response.request)
    if operation is None:
        return
    promised = operation["responses"].get(str(response.status_code))
    if promised is None:
        assert response.status_code in _ALWAYS, f"{response.status_code} is not documented"
        return
    kind = response.headers["content-type"]
    schema(promised["content"][kind]["schema"]).validate(response.json())


def _operation(request: httpx.Request) -> dict[str, Any] | None:
    raw = request.url.raw_path.split(b"?")[0].decode("latin-1")
    for template, methods in description()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), raw):
            found: dict[str, Any] | None = methods.get(request.method.lower())
            return found
    return None
