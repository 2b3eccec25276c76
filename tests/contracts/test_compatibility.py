"""Two JSON Schemas are judged with proof: every break has a document that shows it, and no break is called none."""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft4Validator, Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.validators import validator_for  # type: ignore[import-untyped]

from amphibus.contract import Compatibility, compatibility
from tests.architecture.tree import ROOT

_BREAKING_BY_OUR_WORD: Final = {
    # The suite means the fields that its deserializer ignores; the reader's schema refuses the document.
    "jsoncompat/pattern_properties_fall_back_to_additional_properties (deserializer: old within new)",
}


def cases() -> list[dict[str, Any]]:
    named = os.environ.get("AMPHIBUS_TEST_CONTRACTS")
    folder = Path(named) if named else ROOT.parent / "shared" / "data" / "contract-compatibility"
    if not folder.is_dir():
        pytest.skip(
            "the folder contract-compatibility is not here; AMPHIBUS_TEST_CONTRACTS may name it"
        )
    return [json.loads(line) for line in (folder / "cases.jsonl").read_text().splitlines()]


def test_the_cases_of_public_suites_are_judged_as_they_say() -> None:
    judged = {each["id"]: (each, compatibility(each["writer"], each["reader"])) for each in cases()}

    differ = {
        name
        for name, (case, found) in judged.items()
        if (found.verdict == "compatible") is not case["compatible"]
    }
    assert differ == _BREAKING_BY_OUR_WORD


def test_every_break_has_a_document_that_shows_it() -> None:
    for case in cases():
        found = compatibility(case["writer"], case["reader"])
        if found.verdict == "incompatible":
            assert _allows(case["writer"], found.witness), case["id"]
            assert not _allows(case["reader"], found.witness), case["id"]


@pytest.mark.parametrize(
    ("reader", "verdict", "rule"),
    [
        ({"type": "object", "properties": {"sku": {"type": "string"}}}, "compatible", ""),
        ({"type": "object", "required": ["sku", "pieces"]}, "incompatible", "FLD03"),
        ({"type": "object", "properties": {"sku": {"type": "integer"}}}, "incompatible", "TYP01"),
    ],
)
def test_what_changed_is_named_by_its_rule(reader: dict[str, Any], verdict: str, rule: str) -> None:
    writer = {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
    found: Compatibility = compatibility(writer, reader)

    assert (found.verdict, found.rule) == (verdict, rule)


def _allows(schema: Any, document: Any) -> bool:
    old = isinstance(schema, dict) and "definitions" in schema
    validator = validator_for(schema, default=Draft4Validator if old else Draft202012Validator)
    return bool(validator(schema).is_valid(document))
