"""The description of the API is whole, right, and can be read without a network."""

import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.openapi import openapi
from amphibus.routing.project import Project
from tests.gateway.documented import description, schema
from tests.gateway.reading_room import Room, loan

ROOT = Path(__file__).parents[2]


def shop() -> dict[str, Any]:
    contracts = Project.find(ROOT).contracts
    bindings = [
        RouteBinding(each, each.contract_http) for each in contracts.values() if each.contract_http
    ]
    return openapi(bindings, "shop")


@pytest.mark.parametrize("document", [description(), shop()], ids=["library", "shop"])
def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_every_route_of_the_contracts_is_in_it() -> None:
    routes = {
        (method, path) for path, methods in description()["paths"].items() for method in methods
    }
    assert routes == {
        ("post", "/v1/loans"),
        ("get", "/v1/loans"),
        ("get", "/v1/loans/{loan_id}"),
        ("post", "/v1/loans/{loan_id}/renewals"),
        ("post", "/v1/loans/{loan_id}/close"),
        ("get", "/v1/rooms/{room}/shelves/{mark}"),
    }


def test_a_body_is_described_without_what_the_path_says() -> None:
    operation = description()["paths"]["/v1/loans/{loan_id}/renewals"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {"renewal_id", "weeks"}
    assert not operation["requestBody"]["required"]
    assert [each["name"] for each in operation["parameters"]] == ["loan_id", "Idempotency-Key"]


def test_unknown_fields_are_described_as_refused_in_requests_only() -> None:
    """An answer may get a field more one day; clients that check it must not break."""
    body = description()["paths"]["/v1/loans"]["post"]["requestBody"]["content"]
    asked = schema(body["application/json"]["schema"])
    assert asked.is_valid(loan())
    assert not asked.is_valid(loan(colour="red"))
    assert not asked.is_valid(loan(books=[{"title": "Notes", "colour": "red"}]))
    given = schema({"$ref": "#/components/schemas/Loan"})
    book = {"title": "Notes", "copies": 1, "deposit": "0", "colour": "red"}
    answer = {"loan_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87", "status": "lent", "new": 1}
    assert given.is_valid({**answer, "member": None, "books": [book]})


def test_parameters_are_described_by_their_names_on_the_wire() -> None:
    parameters = description()["paths"]["/v1/loans"]["get"]["parameters"]
    assert {each["name"]: each["schema"]["type"] for each in parameters} == {
        "status": "string",
        "limit": "integer",
        "from": "string",
    }


def test_refusals_are_described_under_their_status() -> None:
    answers = description()["paths"]["/v1/loans/{loan_id}/renewals"]["post"]["responses"]
    assert "`loan_not_found`" in answers["404"]["description"]
    assert "`too_often`" in answers["409"]["description"]
    assert set(answers) == {
        "202",
        "400",
        "401",
        "403",
        "404",
        "409",
        "413",
        "415",
        "422",
        "429",
        "502",
        "503",
        "504",
    }


def test_the_right_of_each_route_is_described() -> None:
    document, public = description(), "/v1/rooms/{room}/shelves/{mark}"
    loans, shelf = (document["paths"][path]["get"] for path in ("/v1/loans", public))

    assert loans["security"] == [{"token": ["loans:read"]}, {"apiKey": ["loans:read"]}]
    assert shelf["security"] == []
    assert set(document["components"]["securitySchemes"]) == {"token", "apiKey"}


def test_every_example_of_the_shop_fits_its_own_description() -> None:
    document = shop()
    tried = 0
    for methods in document["paths"].values():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        for part in content.values():
            if "example" in part:
                whole = {**part["schema"], "components": document["components"]}
                assert list(type(schema({}))(whole).iter_errors(part["example"])) == []
                tried += 1
    assert tried >= 3


@pytest.mark.asyncio
async def test_it_is_served_where_everybody_looks(room: Room) -> None:
    answer = await room.get("/openapi.json")
    assert answer.json() == description()


@pytest.mark.asyncio
async def test_the_documentation_page_asks_no_other_host(room: Room) -> None:
    """It is read in places without a way out; what it needs comes with the package."""
    page = await room.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4
    for link in links:
        assert "//" not in link
        assert (await room.get(f"/{link}")).status_code == 200
    assert "//" not in (await room.get("/docs/start.js")).text


@pytest.mark.asyncio
async def test_the_documentation_page_can_show_openapi_3_1(room: Room) -> None:
    """Swagger UI can from version 5 on."""
    script = (await room.get("/docs/swagger-ui-bundle.js")).text
    versions = re.findall(r'PACKAGE_VERSION:"(\d+)\.', script)
    assert [int(version) >= 5 for version in versions] == [True]
