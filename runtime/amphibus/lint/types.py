"""The rules of types: money, time and identity."""

import re
from collections.abc import Iterator
from typing import Final

from amphibus.lint.rule import Problem, rule
from amphibus.lint.subject import FieldAt, Subject

_MONEY: Final = re.compile(
    r"(\w+_)?(amount|price|total|cost|fee|refund|refunded|revenue|refunds|balance|captured|authorized)"
)
_TIMES: Final = ("date-time", "local-date-time", "any-date-time")
_SPAN: Final = frozenset(("from", "to", "since", "until", "before", "after"))
_DAY: Final = re.compile(r"day|date|\w+_(day|date|on)|from|to|since|until")
_STANDARD: Final = {
    "currency": "the code of ISO 4217: declare Currency",
    "language": "a tag of BCP 47: declare a pattern",
    "time_zone": "a name of the IANA database: declare a pattern",
}


@rule(
    "L040",
    "error",
    "Money is an exact decimal",
    why="A float rounds, and an integer does not say its unit.",
    fix="Declare Money, Amount or a DecimalString.",
    fails="""
        class TakePayment(Command[None], key="order_id"):
            order_id: UUID
            amount: int
        """,
    passes="""
        class TakePayment(Command[None], key="order_id"):
            order_id: UUID
            amount: Money
        """,
)
def _money(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        if _MONEY.fullmatch(each.name):
            kinds = {value.kind for value in each.values if value.schema.get("format") != "decimal"}
            if kinds & {"integer", "number", "string"}:
                yield each.where, f"{each.name} is {' or '.join(sorted(kinds))}"


@rule(
    "L041",
    "warning",
    "Quantities are no floats",
    why="0.1 + 0.2 is not 0.3, and the sum of a day is compared with the sum of another program.",
    fix="Declare a DecimalString, or an int in a smaller unit.",
    fails="""
        class WeighGoods(Command[None], key="sku"):
            sku: Sku
            kilograms: float
        """,
    passes="""
        class WeighGoods(Command[None], key="sku"):
            sku: Sku
            grams: Annotated[int, Field(ge=1, le=1_000_000)]
        """,
)
def _floats(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        if any(value.kind == "number" for value in each.values):
            yield each.where, f"{each.name} is a float"


@rule(
    "L042",
    "error",
    "A decimal says its digits, and travels as text",
    why="Without a scale two programs round differently; as a number it loses digits on the way.",
    fix="Declare DecimalString(decimal_places=..., max_digits=...).",
    fails="""
        class TakePayment(Command[None], key="order_id"):
            order_id: UUID
            amount: Decimal
        """,
    passes="""
        class TakePayment(Command[None], key="order_id"):
            order_id: UUID
            amount: Annotated[Decimal, DecimalString(decimal_places=2, max_digits=12)]
        """,
)
def _decimals(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        for value in each.values:
            if value.schema.get("format") == "decimal":
                if "x-decimal-places" not in value.schema:
                    yield each.where, f"{each.name} does not say how many digits it has"
                if value.schema.get("x-numbers"):
                    yield each.where, f"{each.name} is taken as a number too"


@rule(
    "L043",
    "error",
    "A time has its zone and is called ..._at",
    why="A time without a zone is another instant in another office.",
    fix="Declare Moment or AwareDatetime, called ..._at; for a day, Day.",
    fails="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
            placed: datetime
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
            placed_at: Moment
        """,
)
def _times(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        formats = {value.schema.get("format") for value in each.values}
        if formats & {"local-date-time", "any-date-time"}:
            yield each.where, f"{each.name} need not have a zone"
        if formats & set(_TIMES) and not each.name.endswith("_at") and each.name not in _SPAN:
            yield each.where, f"{each.name} is a time: call it {each.name}_at"
        if "date" in formats and _DAY.fullmatch(each.name) is None:
            yield each.where, f"{each.name} is a day: call it {each.name}_day"
        if each.name.endswith("_at") and not formats & set(_TIMES):
            yield each.where, f"{each.name} is called like a time and is none"


@rule(
    "L044",
    "error",
    "An id is no number",
    why="Numbers are counted up in one database, guessed by strangers and mixed up by everybody.",
    fix="Declare UUID, or text with an end.",
    fails="""
        class ShipOrder(Command[None], key="order_id"):
            order_id: Annotated[int, Field(ge=1, le=1000)]
        """,
    passes="""
        class ShipOrder(Command[None], key="order_id"):
            order_id: UUID
        """,
)
def _ids(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        named = each.name == "id" or each.name.endswith("_id")
        if named and any(value.kind in ("integer", "number") for value in each.values):
            yield each.where, f"{each.name} is a number"


@rule(
    "L045",
    "error",
    "What has a standard code is written in it",
    why="Everybody else writes EUR, and not Euro.",
    fix="Declare Currency, or a pattern that takes the standard's codes alone.",
    fails="""
        class TakePayment(Command[None], key="order_id"):
            order_id: UUID
            currency: ShortText
        """,
    passes="""
        class TakePayment(Command[None], key="order_id"):
            order_id: UUID
            currency: Currency
        """,
)
def _codes(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        name = each.name.rpartition("_")[2] if each.name.endswith("currency") else each.name
        if name in _STANDARD and not _is_code(each):
            yield each.where, f"{each.name} must be {_STANDARD[name]}"


def _is_code(each: FieldAt) -> bool:
    return all(
        value.kind == "enum"
        or value.schema.get("maxLength", 99) <= 3
        or (value.schema.get("pattern", "") and "x-validators" not in value.schema)
        for value in each.values
    )
