"""`check_converters`: whatever a contract allows comes through its converter, and nothing is lost without a word."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import Field

from amphibus.contract import Command, Event, Key, Money, Query, Value
from amphibus.errors import Undecodable
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.module import Convert, Module, convert, on
from amphibus.routing.codec import Codec, CodecEntry
from amphibus.routing.topology import build_topology
from amphibus.testing import ConverterFails, check_converters
from amphibus.testing.conformance.business import modules


def _version(contract: Any, version: int) -> Any:
    """The class as if it stood in `contracts/paint/v<version>.py`."""
    contract.contract_owner, contract.contract_name = "paint", contract.__name__.rstrip("12")
    contract.contract_type = f"paint.{contract.contract_name}.v{version}"
    return contract


class Paint1(Command[None], key="page"):
    page: Key
    dark: bool = False
    note: Key | None = None


class Paint2(Command[None], key="page"):
    page: Key
    colour: Key
    note: Key | None = None


class Painted1(Event, key="page"):
    page: Key
    dark: bool


class Painted2(Event, key="page"):
    page: Key
    colour: Key


class Page1(Value):
    dark: bool


class Page2(Value):
    colour: Key


class GetPage1(Query[Page1]):
    page: Key


class GetPage2(Query[Page2]):
    page: Key


for _number, _classes in ((1, (Paint1, Painted1, GetPage1)), (2, (Paint2, Painted2, GetPage2))):
    for _each in _classes:
        _version(_each, _number)


def _up(old: Paint1) -> Paint2:
    return Paint2(page=old.page, colour="black" if old.dark else "grey", note=old.note)


def _unchecked(page: str) -> Paint2:
    fields: dict[str, Any] = {"page": page, "colour": 7}
    return Paint2.model_construct(**fields)


def _module(*converters: Convert) -> Module:
    return Module(name="paint", converts=converters)


def test_converters_that_hold_pass() -> None:
    for each in modules():
        check_converters(each)
    down = convert(
        Painted2, Painted1, lambda new: Painted1(page=new.page, dark=new.colour == "black")
    )
    back = convert(
        GetPage1,
        GetPage2,
        lambda old: GetPage2(page=old.page),
        answer=lambda new: Page1(dark=new.colour == "black"),
    )
    check_converters(_module(convert(Paint1, Paint2, _up), down, back))


@pytest.mark.parametrize(
    ("converter", "said"),
    [
        (
            convert(Paint1, Paint2, lambda old: Paint2(page=old.page, colour=old.note or "")),
            "its target does not take|raises ValidationError",
        ),
        (
            convert(
                Paint1,
                Paint2,
                lambda old: Paint2(page=old.page, colour=str(1 // len(old.note or "a"))),
            ),
            "dark is lost",
        ),
        (
            convert(
                Paint1,
                Paint2,
                lambda old: Paint2(page=old.page, colour="black" if old.dark else "grey"),
            ),
            r'note is lost, .* if that is meant: check_converters\(module, loses=\["paint.Paint.v1 note"\]\)',
        ),
        (
            convert(Paint1, Paint2, lambda old: Paint2(page=old.page + "1", colour="grey")),
            "the key becomes",
        ),
        (convert(Paint1, Paint2, lambda old: old), "it returns Paint1, not Paint2"),  # type: ignore[arg-type, return-value]
        (
            convert(Paint1, Paint2, lambda old: _unchecked(old.page)),
            "its target does not take the result",
        ),
        (
            convert(
                GetPage1, GetPage2, lambda old: GetPage2(page=old.page), answer=lambda new: new
            ),
            "it returns Page2, not Page1",
        ),
        (
            convert(
                Painted2,
                Painted1,
                lambda new: Painted1(page=new.page, dark={"black": True}[new.colour]),
            ),
            "it raises KeyError",
        ),
    ],
)
def test_what_a_converter_gets_wrong_is_shown_by_a_message(converter: Convert, said: str) -> None:
    with pytest.raises(ConverterFails, match=said) as failed:
        check_converters(_module(converter))
    assert f"the converter of {converter.source.contract_type} to" in str(failed.value)


class Sheet(Value):
    size: Annotated[int, Field(ge=0, le=1000)]
    note: Key | None = None


class Order1(Command[None], key="page"):
    page: Key
    sheets: Annotated[tuple[Sheet, ...], Field(max_length=5)]
    price: Money


class Order2(Order1, key="page"):
    pass


for _number, _class in ((1, Order1), (2, Order2)):
    _version(_class, _number)


@pytest.mark.parametrize(
    ("lost", "change"),
    [
        ("sheets[].note", lambda old: {"sheets": [{"size": each.size} for each in old.sheets]}),
        ("sheets[].size", lambda old: {"sheets": [{"size": min(it.size, 999), "note": it.note} for it in old.sheets]}),
        ("sheets", lambda old: {"sheets": old.sheets[:1]}),
        ("price", lambda old: {"price": old.price.quantize(Decimal(1))}),
    ],
)  # fmt: skip
def test_what_is_lost_inside_is_found_and_may_be_meant(
    lost: str, change: Callable[[Order1], dict[str, Any]]
) -> None:
    """Of two messages that differ in one place alone, a part is lost where they become the same."""
    whole = convert(Order1, Order2, lambda old: Order2.model_validate(old.model_dump()))
    cut = convert(
        Order1, Order2, lambda old: Order2.model_validate(old.model_dump() | _plain(change(old)))
    )

    check_converters(_module(whole))
    with pytest.raises(
        ConverterFails, match=rf": {re.escape(lost)} is lost, as it becomes the same"
    ):
        check_converters(_module(cut))
    check_converters(_module(cut), loses=[f"paint.Order.v1 {lost.partition('[')[0]}"])


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [each.model_dump() if isinstance(each, Value) else each for each in value]
        if isinstance(value, list | tuple)
        else value
        for name, value in fields.items()
    }


def test_what_is_lost_on_purpose_is_said() -> None:
    drop = convert(
        Paint1, Paint2, lambda old: Paint2(page=old.page, colour="black" if old.dark else "grey")
    )
    check_converters(_module(drop), loses=["paint.Paint.v1 note"])


def test_an_answer_goes_back_in_the_version_that_was_asked() -> None:
    back = convert(
        GetPage1,
        GetPage2,
        lambda old: GetPage2(page=old.page),
        answer=lambda new: Page1(dark=new.colour == "black"),
    )
    entry = CodecEntry(None, GetPage1, back)  # type: ignore[arg-type]
    assert entry.in_version(Page2(colour="black")) == Page1(dark=True)
    assert entry.in_version(None) is None


def test_a_message_whose_converter_raises_waits_among_the_dead_letters() -> None:
    """It is not lost: a better converter handles it one day."""

    async def nothing(message: Paint2, _: Any) -> None:
        pass

    def raises(old: Paint1) -> Paint2:
        raise KeyError(old.page)

    module = Module(
        name="paint", handles=(on(Paint2, nothing),), converts=(convert(Paint1, Paint2, raises),)
    )
    codec = Codec(module, build_topology([module], {"paint.Paint.v1": Paint1}))
    envelope = Envelope(
        id=new_id(),
        type="paint.Paint.v1",
        source="desk",
        key="p",
        time=0,
        correlation="flow",
        causation=None,
        trace=new_trace(),
        body=Paint1(page="p").model_dump_json().encode(),
    )
    with pytest.raises(
        Undecodable, match=r"the converter of paint\.Paint\.v1 to paint\.Paint\.v2 failed"
    ):
        codec.decode(envelope, codec.entry(envelope))
