"""Any JSON may be given as a schema: it is judged with a witness, or it is unknown for a reason that is said."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from amphibus.contract import compatibility

_FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_KEYWORDS = (
    *("const", "enum", "type", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "format"),
    *("pattern", "uniqueItems", "minItems", "required", "properties", "items", "additionalProperties"),
    *("anyOf", "allOf", "oneOf", "not", "prefixItems", "contains", "minContains", "$ref", "$defs", "if"),
    *("then", "dependentRequired", "dependentSchemas", "propertyNames", "patternProperties", "$anchor"),
    *("exclusiveMinimum", "definitions", "nullable", "$id", "x-minimum", "x-open", "$schema"),
)  # fmt: skip
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, 0.5, 1e300, 1e-300, float("nan"), float("-inf"), 2**70]),
    st.sampled_from(["", "a", "b", "1", "true", "#", "#/a", "(", "object"]),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda each: st.one_of(
        st.lists(each, max_size=2), st.dictionaries(st.sampled_from("ab"), each, max_size=2)
    ),
    max_leaves=4,
)
_ANY_JSON = st.recursive(
    _VALUES,
    lambda each: st.dictionaries(
        st.sampled_from(_KEYWORDS), st.one_of(each, st.lists(each, max_size=2)), max_size=3
    ),
    max_leaves=5,
)
_SCHEMAS = st.recursive(
    st.one_of(
        st.booleans(),
        st.fixed_dictionaries(
            {},
            optional={
                "const": _VALUES,
                "enum": st.lists(_VALUES, min_size=1, max_size=3),
                "type": st.sampled_from(_TYPES),
                "minimum": st.integers(-2, 2),
                "maximum": st.sampled_from([0, 1.5, 2]),
                "minLength": st.integers(0, 2),
                "uniqueItems": st.booleans(),
            },
        ),
    ),
    lambda each: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("ab"), each, max_size=2),
            "required": st.lists(st.sampled_from("ab"), unique=True, max_size=2),
            "items": each,
            "anyOf": st.lists(each, min_size=1, max_size=2),
            "not": each,
            "prefixItems": st.lists(each, min_size=1, max_size=2),
        },
    ),
    max_leaves=4,
)
_EQUAL_IN_PYTHON: tuple[Any, ...] = (
    *(True, 1, 1.0, False, 0, None, [True], [1], [1.0], {"a": True}, {"a": 1}, [[False]], [[0]]),
)


@given(_ANY_JSON, _ANY_JSON)
@_FEW
def test_what_may_be_no_schema_is_judged_or_named(writer: Any, reader: Any) -> None:
    found = compatibility(writer, reader)

    assert found.verdict == "compatible" or found.reason or found.verdict == "incompatible"


@given(_SCHEMAS, _SCHEMAS)
@_FEW
def test_every_break_has_a_witness(writer: Any, reader: Any) -> None:
    found = compatibility(writer, reader)

    if found.verdict == "incompatible":
        assert Draft202012Validator(writer).is_valid(found.witness)
        assert not Draft202012Validator(reader).is_valid(found.witness)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("where", ["const", "maximum", "properties"])
def test_what_json_cannot_say_is_no_schema(number: float, where: str) -> None:
    schema = {where: {"a": {"const": number}} if where == "properties" else number}

    for found in (compatibility(schema, True), compatibility(True, schema)):
        assert (found.verdict, found.witness) == ("unknown", None)
        assert "no JSON" in found.reason
    assert "no JSON" in compatibility(True, True, examples=[number]).reason


def test_true_is_not_one_and_one_is_1_0() -> None:
    for one, other in itertools.product(_EQUAL_IN_PYTHON, repeat=2):
        found = compatibility({"const": one}, {"enum": [other]})
        same = repr(one).replace("1.0", "1") == repr(other).replace("1.0", "1")
        assert found.verdict == ("compatible" if same else "incompatible"), (one, other)
        assert repr(found.witness) == repr(None if same else one)
