"""What the shop accepts, refuses and keeps to itself."""

import importlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from amphibus.contract import (
    Message,
    ShortText,
    one_line,
    personal_fields,
    problems_of_fields,
)
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from contracts.reporting import v1 as reporting
from tests.modules.test_containers import MODULES

ORDER: dict[str, Any] = dict(orders.PlaceOrder.contract_example or {})
LINE: dict[str, Any] = ORDER["lines"][0]
PRICE = r"[0-9]{1,9}(\.[0-9]{1,4})?"


def contracts() -> Iterator[type[Message]]:
    for name in MODULES:
        for each in vars(importlib.import_module(f"contracts.{name}.v1")).values():
            if isinstance(each, type) and issubclass(each, Message) and each.contract_type:
                yield each


@pytest.mark.parametrize("contract", list(contracts()), ids=lambda each: each.contract_type)
def test_a_contract_has_a_sentence_a_complete_example_and_nothing_a_receiver_could_change(
    contract: type[Message],
) -> None:
    example = contract.contract_example
    message = contract.model_validate(example)

    assert contract.__doc__ is not None
    assert contract.__doc__.endswith(".")
    assert "\n" not in contract.__doc__
    names = {info.alias or name for name, info in contract.model_fields.items()}
    assert set(example or {}) == names
    assert contract.model_validate_json(message.model_dump_json()) == message
    assert list(problems_of_fields(contract)) == []


def test_personal_data_is_marked() -> None:
    """What is not marked is written into logs."""
    assert personal_fields(orders.PlaceOrder) == {
        "customer.customer_id": "identity",
        "customer.email": "contact",
        "customer.country": "location",
        "payment_token": "payment",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 1_000_001},
        {"quantity": 1.5},
        {"quantity": "2"},
        {"quantity": True},
        {"unit_price": "-0.01"},
        {"unit_price": "0.00001"},
        {"unit_price": "1e3"},
        {"unit_price": "NaN"},
        {"unit_price": 2.55},
        {"unit_price": "1000000000"},
        *({"unit_price": each} for each in ("--5", "-0", "-0.00", "+1", "", ".5", "5.", " 1")),
        *({"unit_price": each} for each in ("19.990000", "1.00000", "00000000001.00", "\u0661")),
        {"sku": ""},
        {"sku": " "},
        {"sku": "x" * 41},
        {"sku": "tab\tbed"},
        {"description": "x" * 501},
        {"description": "two\nlines"},
        *({"description": f"PO 17{each}Ward 4"} for each in "\u2028\u2029\u0085\u202e\u2066\ufeff"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        orders.PlaceOrder.model_validate_json(_json({**ORDER, "lines": [{**LINE, **change}]}))


@pytest.mark.parametrize(
    "change",
    [
        {"lines": []},
        {"lines": [LINE] * 2001},
        {"lines": [{**LINE, "quantity": 1_000_000, "unit_price": "999999999"}] * 2},
        {"currency": "gbp"},
        {"currency": "XXX"},
        {"payment_token": ""},
        {"payment_token": "tok visa"},
        {"placed_at": "2026-03-01T08:26:00"},
        *({"currency": each} for each in ("JPY", "KWD", "BHD", "CLP")),
        {"placed_at": "0001-01-01T00:00:00+05:00"},
        {"placed_at": "9999-12-31T23:59:59-05:00"},
        {"placed_at": "1899-12-31T23:59:59Z"},
        {"placed_at": "3000-01-01T00:00:00Z"},
        {"placed_at": "20260301T082600Z"},
        {"placed_at": "2026-03-01"},
        {"placed_at": "2026-02-30T08:26:00Z"},
        {"placed_at": "1772353560"},
        {"placed_at": 1772353560},
        {"reference": "x" * 101},
        *({"reference": f"a{each}b"} for each in "\u0000\u2028\u2029\u0085\u202e\u2067"),
        {"order_id": "7"},
        {"customer": {"email": None}},
        *({"customer": {"email": each}} for each in ("ada", "ada@", "@example.com", "a b@c.de")),
        *({"customer": {"email": each}} for each in ("a@b", "a@-b.de", ".a@b.de", "a..b@c.de")),
        {"customer": {"email": "ada@example.com\nBcc: eve@example.com"}},
        {"customer": {"email": f"{'a' * 250}@example.com"}},
        {"customer": {"email": f"{'a' * 65}@example.com"}},
        {"customer": {"email": "=?utf-8?q?a=40elsewhere.example?=@example.com"}},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        orders.PlaceOrder.model_validate_json(_json({**ORDER, **change}))


@pytest.mark.parametrize(
    "email", ["ada@example.com", "o'neil+shop@a.b-c.example", "17850@customers.example", "A_b@x.de"]
)
def test_usual_addresses_are_accepted(email: str) -> None:
    orders.PlaceOrder.model_validate_json(_json({**ORDER, "customer": {"email": email}}))


def test_optional_fields_may_be_absent_or_null() -> None:
    optional = ("order_id", "reference", "placed_at")
    absent = {name: value for name, value in ORDER.items() if name not in optional}
    null = ORDER | dict.fromkeys(optional)
    line = {name: value for name, value in LINE.items() if name != "description"}
    absent |= {"lines": [line], "customer": {"email": "ada@example.com"}}
    null |= {
        "lines": [line | {"description": None}],
        "customer": {"email": "ada@example.com", "customer_id": None, "country": None},
    }

    one = orders.PlaceOrder.model_validate_json(_json(absent))
    assert one == orders.PlaceOrder.model_validate_json(_json(null))


def test_prices_keep_every_digit_they_were_written_with() -> None:
    line = {**LINE, "unit_price": "123456789.0825"}
    order = orders.PlaceOrder.model_validate_json(_json({**ORDER, "lines": [line]}))

    assert order.lines[0].unit_price == Decimal("123456789.0825")
    assert '"123456789.0825"' in order.model_dump_json()


@pytest.mark.parametrize("price", [Decimal("-0"), Decimal("1E+2"), Decimal("3.3900000")])
def test_a_price_that_was_worked_out_is_written_as_the_schema_says(price: Decimal) -> None:
    line = orders.OrderLine(sku="LANTERN", quantity=1, unit_price=price)
    written = json.loads(line.model_dump_json())["unit_price"]

    price_or_none = orders.OrderLine.model_json_schema()["properties"]["unit_price"]["anyOf"]
    assert re.fullmatch(price_or_none[0]["pattern"], written)
    assert Decimal(written) == price


@given(st.from_regex(PRICE, fullmatch=True))
def test_every_price_that_the_schema_allows_is_accepted_and_given_back(price: str) -> None:
    line = orders.OrderLine.model_validate_json(_json({**LINE, "unit_price": price}))

    assert re.fullmatch(PRICE, json.loads(line.model_dump_json())["unit_price"])
    assert line.unit_price == Decimal(price)


@given(st.datetimes(timezones=st.timezones()) | st.text(max_size=40))
def test_an_instant_is_refused_or_can_be_told_in_every_zone(moment: Any) -> None:
    """At the ends of time, an hour's difference cannot be reckoned any more."""
    sent = moment.isoformat() if isinstance(moment, datetime) else moment
    try:
        order = orders.PlaceOrder.model_validate_json(_json({**ORDER, "placed_at": sent}))
    except ValidationError:
        return
    assert order.placed_at is not None
    assert order.placed_at.astimezone(UTC) == order.placed_at
    assert orders.PlaceOrder.model_validate_json(order.model_dump_json()) == order


def test_a_leap_second_is_the_first_of_the_next_minute() -> None:
    order = orders.PlaceOrder.model_validate_json(
        _json({**ORDER, "placed_at": "2016-12-31T23:59:60Z"})
    )
    assert order.placed_at == datetime(2017, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("day", ["20260301", "1772353560", "0", "2026-02-30", "2026-3-1"])
def test_a_day_has_one_form(day: str) -> None:
    with pytest.raises(ValidationError):
        reporting.GetSales.model_validate_strings({"from": day}, strict=True)


@given(st.text())
@example("PO 17\u2028Ward 4")
@example("PO 17\u0085Ward 4")
def test_a_line_of_text_stays_one_line_wherever_it_is_written(text: str) -> None:
    kept = one_line(text)
    assert kept.splitlines() == [kept] * bool(kept)
    if kept == text:
        TypeAdapter(ShortText).validate_python(text[:100])
    else:
        with pytest.raises(ValidationError):
            TypeAdapter(ShortText).validate_python(text)


def test_the_largest_order_is_accepted() -> None:
    line = {**LINE, "quantity": 1_000_000, "unit_price": "499.9999"}
    orders.PlaceOrder.model_validate_json(_json({**ORDER, "lines": [line] * 2000}))


def test_any_printable_text_can_be_a_sku() -> None:
    for sku in ("85123A", "15056bl", "gift_0001_20", "C2", "m", "ÄÖ/ü?&=%", "x" * 40):
        inventory.GetStock(sku=sku)


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body)
