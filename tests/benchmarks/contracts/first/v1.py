"""What the first module takes and says."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from amphibus.contract import Command, Event, Query, Value


class Item(Value):
    """A line of an order."""

    sku: str
    quantity: Annotated[int, Field(ge=1)]
    unit_price: Decimal


class Work(Command[None], key="order_id"):
    """An order of some 300 bytes, to be handled; `padding` makes it larger."""

    order_id: UUID
    customer_id: str
    email: str
    currency: str
    lines: tuple[Item, ...]
    padding: str = ""


class Done(Event, key="order_id"):
    """What follows from it."""

    order_id: UUID
    customer_id: str
    total: Decimal
    currency: str


class Ping(Command[None], key="chain"):
    """One end of a chain of messages that go to and fro."""

    chain: str
    left: int


class Answer(Value):
    """What was asked, back."""

    number: int
    text: str


class Ask(Query[Answer]):
    """Asks for an answer that costs nothing."""

    number: int
    text: str
