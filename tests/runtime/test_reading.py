"""Bodies of messages are read by one rule, whoever sent them, and cost no more than their length."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amphibus.contract import Value
from amphibus.contract.bounds import MOST_ITEMS, bounds_of
from amphibus.contract.texts import storable
from amphibus.errors import Undecodable
from amphibus.gateway.problems import Problem
from amphibus.gateway.texts import read_object
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.messages.json_text import TooLong, Unreadable, _has_more_commas, read_json
from amphibus.routing.codec import Codec
from amphibus.routing.project import Project
from amphibus.telemetry.privacy import describe, traceback_of
from contracts.orders import v1 as orders
from tests.architecture.tree import ROOT

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)
ENVELOPE = Envelope(
    id=new_id(),
    type="orders.PlaceOrder.v1",
    source="till-7",
    key=None,
    time=0,
    correlation="1",
    causation=None,
    trace=new_trace(),
    body=b"",
)


@pytest.fixture(scope="module")
def codec() -> Codec:
    project = Project.find(ROOT)
    return Codec(project.modules["orders"], project.topology())


def said_of(codec: Codec, body: bytes) -> str:
    """Why a message over the bus is not understood; empty if it is."""
    envelope = replace(ENVELOPE, body=body, decoded=[])
    try:
        codec.decode(envelope, codec.entry(envelope))
    except Undecodable as error:
        return error.why
    return ""


def order(**changed: Any) -> dict[str, Any]:
    return {**(orders.PlaceOrder.contract_example or {}), **changed}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (json.dumps(order()).encode()[:-1] + b',"currency":"EUR"}', 'the key "currency" twice'),
        (json.dumps(order(lines=[{}] * 2_001)).encode(), "lines: must have at most 2000 items"),
        (json.dumps(order(lines=[1] * 190_000)).encode(), "lines: must have at most 2000 items"),
        (json.dumps(order(lines=[{}] * 190_000)).encode(), "more than it can mean"),
        (json.dumps(order(lines=[1] * 500_000)).encode(), "more than it can mean"),
        (json.dumps(order(lines=[[]] * 500_000)).encode(), "more than it can mean"),
        (json.dumps(order(x=dict.fromkeys(map(str, range(30_000))))).encode(), "more than"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "must be a JSON object"),
        (b'{"a": NaN}', "NaN is no number"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"reference": "\\ud800"}', "half of a surrogate pair"),
        (b'{"\\udc00": 1}', "half of a surrogate pair"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_over_the_bus_the_same_is_refused_as_over_http(codec: Codec, body: bytes, why: str) -> None:
    assert why in said_of(codec, body)
    with pytest.raises(Problem) as problem:
        read_object(body, bounds_of(orders.PlaceOrder))
    told = [problem.value.detail, *(f"{e['field']}: {e['message']}" for e in problem.value.errors)]
    assert any(why in each for each in told)


def test_the_largest_order_is_read(codec: Codec) -> None:
    line = order()["lines"][0]
    assert said_of(codec, json.dumps(order(lines=[line] * 2_000)).encode()) == ""


def test_fields_of_a_newer_sender_are_no_reason(codec: Codec) -> None:
    line = order()["lines"][0] | {f"new{number}": number for number in range(3)}
    assert said_of(codec, json.dumps(order(lines=[line] * 2_000, later={"a": []})).encode()) == ""


@given(JSON)
def test_json_is_read_as_python_reads_it_or_refused(data: Any) -> None:
    try:
        found = read_json(json.dumps(data).encode(), bounds_of(orders.PlaceOrder))
    except Unreadable:
        assert not isinstance(data, dict)
    else:
        assert found == data


@given(st.binary(max_size=60))
def test_bytes_of_every_kind_are_read_or_refused(body: bytes) -> None:
    with suppress(Unreadable):
        assert isinstance(read_json(body), dict)


class Leaf(Value):
    names: tuple[str, ...]


class Twig(Value):
    leaves: tuple[Leaf, ...] | None = None


def test_a_list_inside_lists_is_found_by_its_path() -> None:
    body = {"leaves": [{"names": []}, {"names": [1] * (MOST_ITEMS + 1)}]}
    with pytest.raises(TooLong, match=r"leaves\[1\].names: must have at most 100000 items"):
        read_json(json.dumps(body).encode(), bounds_of(Twig))


@given(st.text())
def test_an_error_can_be_kept_whatever_its_text_holds(text: str) -> None:
    """Half a surrogate pair cannot be written to SQLite, and a NUL not to PostgreSQL."""
    try:
        raise ExceptionGroup(text, [ValueError(f"{text}\0\ud800")])
    except ExceptionGroup as error:
        for said in (describe(error), traceback_of(error)):
            assert "\0" not in said
            said.encode()
            assert len(said) <= 20_000


@given(st.text(), st.integers(1, 20))
def test_what_is_storable_stays_as_it_is(text: str, most: int) -> None:
    kept = storable(text, most)
    assert len(kept) <= most
    assert storable(kept, most) == kept
    if len(text) <= most and "\0" not in text and text.isprintable():
        assert kept == text


@pytest.mark.parametrize("item", [b"1", b'""', b"null", b"1e5"])
def test_plain_values_without_number_are_counted_before_they_are_decoded(item: bytes) -> None:
    """The decoder lets nothing else run while it reads them."""
    many = b",".join([item] * (2 * MOST_ITEMS + 2))

    with pytest.raises(Unreadable, match="more than 200000 values"):
        read_json(b'{"x": [' + many + b"]}")


@pytest.mark.parametrize("text", ["a," * 300_000, '\\",' * 300_000])
def test_commas_of_a_text_are_no_values(text: str) -> None:
    assert read_json(json.dumps({"x": text}).encode()) == {"x": text}


@pytest.mark.parametrize("end", [b"", b"\\"])
def test_a_text_that_does_not_end_costs_no_more_than_its_length(end: bytes) -> None:
    with pytest.raises(Unreadable):
        read_json(b'{"x": "' + b'\\",' * 1_000_000 + end)


@given(JSON)
def test_commas_outside_of_texts_are_counted_one_by_one(value: Any) -> None:
    body = json.dumps({"x": [value, value]}).encode()
    commas = _commas(json.loads(body))

    assert _has_more_commas(body, commas) is False
    assert _has_more_commas(body, commas - 1) is True


def _commas(value: Any) -> int:
    if not isinstance(value, list | dict):
        return 0
    inner = list(value.values()) if isinstance(value, dict) else value
    return max(0, len(inner) - 1) + sum(map(_commas, inner))
