"""What the shop accepts, refuses and keeps to itself."""

import importlib
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from amphibus.contract import Message, personal_fields, problems_of_fields
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from tests.modules.test_containers import MODULES

ORDER: dict[str, Any] = dict(orders.PlaceOrder.contract_example or {})
LINE: dict[str, Any] = ORDER["lines"][0]


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
        {"sku": ""},
        {"sku": " "},
        {"sku": "x" * 41},
        {"sku": "tab\tbed"},
        {"description": "x" * 501},
        {"description": "two\nlines"},
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
        {"reference": "x" * 101},
        {"order_id": "7"},
        {"customer": {"email": None}},
        *({"customer": {"email": each}} for each in ("ada", "ada@", "@example.com", "a b@c.de")),
        *({"customer": {"email": each}} for each in ("a@b", "a@-b.de", ".a@b.de", "a..b@c.de")),
        {"customer": {"email": "ada@example.com\nBcc: eve@example.com"}},
        {"customer": {"email": f"{'a' * 250}@example.com"}},
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


def test_the_largest_order_is_accepted() -> None:
    line = {**LINE, "quantity": 1_000_000, "unit_price": "499.9999"}
    orders.PlaceOrder.model_validate_json(_json({**ORDER, "lines": [line] * 2000}))


def test_any_printable_text_can_be_a_sku() -> None:
    for sku in ("85123A", "15056bl", "gift_0001_20", "C2", "m", "ÄÖ/ü?&=%", "x" * 40):
        inventory.GetStock(sku=sku)


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body)
