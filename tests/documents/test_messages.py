"""The messages of the system are described whole and right, for programs and for people."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from amphibus.config.settings import ProducerSettings, Settings
from amphibus.documents.asyncapi import asyncapi
from amphibus.documents.page import page_of
from amphibus.documents.schemas import standing_alone
from amphibus.documents.system import System, system_of
from amphibus.routing.project import Project
from tests.architecture.tree import ROOT
from tests.services import node_program

PROGRAM = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def system() -> System:
    """The shop with a broker and a till."""
    till = ProducerSettings(
        sends=("orders.PlaceOrder.v1",), subscribes=("orders.OrderConfirmed.v1",)
    )
    settings = Settings.model_validate(
        {"amqp_url": "amqp://ada:secret@broker:5672/shop", "producers": {"till": till}}
    )
    return system_of(Project.find(ROOT).topology(), settings)


def test_every_message_that_somebody_sends_or_takes_is_in_it(system: System) -> None:
    document, topology = asyncapi(system), system.topology

    told = {name for name in document["channels"] if not name.endswith(".reply")}
    assert told == {*topology.owners, *topology.subscribers}
    sent = document["operations"]["till.send.orders.PlaceOrder.v1"]
    assert (sent["action"], sent["channel"]) == (
        "send",
        {"$ref": "#/channels/orders.PlaceOrder.v1"},
    )
    assert "till.receive.orders.OrderConfirmed.v1" in document["operations"]


def test_that_of_a_module_holds_what_it_takes_and_sends_alone(system: System) -> None:
    document = asyncapi(system, "reporting")

    assert {name.partition(".")[0] for name in document["operations"]} == {"reporting"}
    used = {each["channel"]["$ref"].rpartition("/")[2] for each in document["operations"].values()}
    assert {name for name in document["channels"] if not name.endswith(".reply")} == used


def test_every_example_is_what_its_schema_says(system: System) -> None:
    document = asyncapi(system)
    seen = 0
    for message in document["components"]["messages"].values():
        for example in message.get("examples", ()):
            for part in ("headers", "payload"):
                schema = {**message[part], "components": document["components"]}
                Draft202012Validator(schema).validate(example[part])
                seen += 1

    assert seen


def test_a_contract_alone_is_a_schema_that_takes_its_example(system: System) -> None:
    for contract in system.topology.contracts.values():
        schema = standing_alone(contract)
        Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", ()):
            Draft202012Validator(schema).validate(example)


def test_no_secret_is_in_them(system: System) -> None:
    document = asyncapi(system)

    assert document["servers"]["broker"]["host"] == "broker:5672"
    assert "secret" not in json.dumps(document["servers"]) + page_of(system)


def test_personal_data_is_marked(system: System) -> None:
    order = asyncapi(system)["components"]["messages"]["orders.PlaceOrder.v1"]

    assert order["x-personal"]["customer.email"]
    assert "personal data" in page_of(system)


def test_a_page_names_every_message_and_runs_nothing(system: System) -> None:
    page = page_of(system)

    assert all(f'id="{name}"' in page for name in system.topology.owners)
    assert "<script" not in page


@pytest.mark.full
def test_the_official_parser_finds_nothing(
    system: System, tmp_path_factory: pytest.TempPathFactory
) -> None:
    program = node_program.installed(PROGRAM, tmp_path_factory.mktemp("node"))

    documents = [asyncapi(system), *(asyncapi(system, each) for each in system.topology.modules)]
    assert [_found(program, each) for each in documents] == [[]] * len(documents)
    assert _found(program, {**asyncapi(system), "operations": []}) != []


def test_the_lock_names_no_host() -> None:
    assert node_program.names_no_host(PROGRAM)


def _found(program: Path, document: dict[str, Any]) -> list[str]:
    ended = subprocess.run(
        ["node", "validate.mjs"],
        cwd=program,
        input=json.dumps(document),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(ended.stdout)
    return found
