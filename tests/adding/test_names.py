"""Names and types that cannot be used are refused in words, with what to type."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amphibus.cli.add.fields import TYPES, fields_of, keyed
from amphibus.cli.add.names import (
    checked_contract,
    checked_function,
    checked_module,
    pascal,
    singular,
    snake,
    split,
    table_name,
)
from amphibus.cli.output import CommandError, Exit


@pytest.mark.parametrize(
    ("name", "why", "better"),
    [
        ("Shipping", "snake_case", "shipping"),
        ("order-desk", "snake_case", "order_desk"),
        ("OrderDesk", "snake_case", "order_desk"),
        ("a/../../b", "snake_case", "a_b"),
        ("class", "Python", "class_desk"),
        ("list", "Python", "list_desk"),
        ("order", "SQL", "order_desk"),
        ("user", "SQL", "user_desk"),
        ("gateway", "Amphibus", "gateway_desk"),
        ("a" * 41, "41 characters", None),
        ("", "snake_case", None),
        ("été", "snake_case", None),
    ],
)
def test_a_module_has_a_name_that_is_free_everywhere(
    name: str, why: str, better: str | None
) -> None:
    with pytest.raises(CommandError) as refused:
        checked_module(name)

    assert refused.value.code == Exit.USAGE
    assert why in refused.value.why
    if better is not None:
        assert refused.value.change == {name: better}


@pytest.mark.parametrize(
    ("field", "why", "better"),
    [
        ("class:text", "Python", "shipment_class:text"),
        ("order:int?", "SQL", "shipment_order:int?"),
        ("copy:bool", "Pydantic", "shipment_copy:bool"),
        ("metadata:text", "Pydantic", "shipment_metadata:text"),
        ("model_year:int", "Pydantic", "shipment_model_year:int"),
        ("orderId:uuid", "snake_case", "order_id:uuid"),
        ("order_id", "name:type", "order_id:text"),
        ("order_id:", "the types are", "order_id:text"),
        ("order_id:ULID", "the types are", "order_id:uuid"),
        ("carrier:str", "the types are", "carrier:text"),
        ("count:integer?", "the types are", "count:int?"),
        ("paid_at:datetime", "the types are", "paid_at:moment"),
    ],
)
def test_a_field_has_a_name_and_a_type(field: str, why: str, better: str) -> None:
    with pytest.raises(CommandError) as refused:
        fields_of([field], "shipments")

    assert why in refused.value.why
    assert refused.value.change == {field: better}


def test_what_is_suggested_is_taken() -> None:
    assert checked_module("class_desk") == "class_desk"
    assert len(fields_of(["shipment_class:text", "shipment_order:int?"], "shipments")) == 2


@pytest.mark.parametrize("typed", ["Ship", "shipping.", ".Ship", "a.b.C", ""])
def test_a_message_is_called_by_its_module_and_its_name(typed: str) -> None:
    with pytest.raises(CommandError, match="does not say which module"):
        split(typed, "command", "Ship")


@pytest.mark.parametrize("name", ["ship", "SHIP", "Ship_it", "Ship-it", "", "É", "Ship" * 20])
def test_a_message_is_written_in_pascal_case(name: str) -> None:
    with pytest.raises(CommandError):
        checked_contract(name, f"shipping.{name}", "shipping")


@pytest.mark.parametrize("name", [each.capitalize() for each in keyword.kwlist if each.islower()])
def test_no_handler_is_called_like_a_word_of_python(name: str) -> None:
    with pytest.raises(CommandError, match="reserved by Python"):
        checked_contract(name, f"shipping.{name}", "shipping")


def test_a_handler_is_called_like_no_builtin() -> None:
    with pytest.raises(CommandError, match="reserved by Python"):
        checked_function("print", "shipping.print", "shipping.print_it")


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("order_id:uuid?", "always there"),
        ("name:text", "tells no person"),
        ("number:int", "a key is uuid"),
        ("paid:bool", "a key is uuid"),
    ],
)
def test_the_first_field_is_a_key_that_orders_messages(key: str, why: str) -> None:
    with pytest.raises(CommandError) as refused:
        keyed(fields_of([key, "carrier:text"], "shipping"), "shipping.Ship")

    assert why in refused.value.why


def test_a_field_stands_once() -> None:
    with pytest.raises(CommandError, match="stands twice"):
        fields_of(["order_id:uuid", "order_id:text"], "shipping")


@given(st.text(max_size=50))
def test_any_text_is_a_name_or_is_refused(text: str) -> None:
    """And what is taken is a name in Python, and a file of its own."""
    try:
        checked_module(text)
    except CommandError:
        return
    assert text.isidentifier()
    assert text.isascii()
    assert not keyword.iskeyword(text)


@given(st.text(max_size=50))
def test_any_text_is_a_field_or_is_refused(text: str) -> None:
    try:
        (made,) = fields_of([text], "shipping")
    except CommandError:
        return
    assert made.name.isidentifier()
    assert made.kind in TYPES


def test_words_are_read_in_every_style() -> None:
    assert snake("HTTPRequestSent") == "http_request_sent"
    assert pascal("order_line") == "OrderLine"
    assert [
        singular(each) for each in ("orders", "deliveries", "shipping", "address", "status")
    ] == [
        "order",
        "delivery",
        "shipping",
        "address",
        "status",
    ]
    assert (table_name("order"), table_name("shipping")) == ("order_record", "shipping")
