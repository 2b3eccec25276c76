"""Two modules that do as little as a module can: keep a row and say that it is done."""

import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlmodel import Field, SQLModel

from amphibus.columns import module_registry
from amphibus.context import Context
from amphibus.contract import Message
from amphibus.module import Module, on
from amphibus.routing.project import Project
from tests.benchmarks.contracts.first import v1 as first
from tests.benchmarks.contracts.second import v1 as second

Tiny = Context[Any]
ROOT: Final = Path(__file__).parent


class FirstBase(SQLModel, registry=module_registry()):
    """All tables of the first module."""


class FirstKept(FirstBase, table=True):
    """A message that was handled."""

    __tablename__ = "kept"
    id: str = Field(primary_key=True)
    what: str


class SecondBase(SQLModel, registry=module_registry()):
    """All tables of the second module."""


class SecondKept(SecondBase, table=True):
    """A message that was handled."""

    __tablename__ = "kept"
    id: str = Field(primary_key=True)
    what: str


def done(message: first.Work) -> first.Done:
    """What follows from an order."""
    total = sum((line.quantity * line.unit_price for line in message.lines), Decimal(0))
    return first.Done(
        order_id=message.order_id,
        customer_id=message.customer_id,
        total=total,
        currency=message.currency,
    )


async def work(message: first.Work, context: Tiny) -> None:
    """One business row and one message."""
    context.db.add(FirstKept(id=context.message_id, what=message.customer_id))
    context.publish(done(message))


async def ping(message: first.Ping, context: Tiny) -> None:
    """Goes on with the chain, as long as it is to be."""
    context.db.add(FirstKept(id=context.message_id, what=message.chain))
    if message.left:
        context.send(second.Pong(chain=message.chain, left=message.left - 1))


async def pong(message: second.Pong, context: Tiny) -> None:
    """The same from the other side."""
    context.db.add(SecondKept(id=context.message_id, what=message.chain))
    if message.left:
        context.send(first.Ping(chain=message.chain, left=message.left - 1))


async def answer(message: first.Ask, _context: Tiny) -> first.Answer:
    """Says it back."""
    return first.Answer(number=message.number, text=message.text)


async def hear(_message: first.Done, _context: Tiny) -> None:
    """Nothing, durably."""


def project(more: int = 0) -> Project:
    """The business; `more` modules beside it that hear of what is done and have nothing to do."""
    others = [Module(name=f"idle{number}", subscribes=()) for number in range(more)]
    return Project.declared(
        ROOT,
        contracts=contracts(),
        modules=(
            Module(
                name="first",
                handles=(on(first.Work, work), on(first.Ping, ping), on(first.Ask, answer)),
                publishes=(first.Done,),
                sends=(second.Pong,),
                tables=FirstBase.metadata,
            ),
            Module(
                name="second",
                handles=(on(second.Pong, pong),),
                subscribes=(on(first.Done, hear),),
                sends=(first.Ping,),
                tables=SecondBase.metadata,
            ),
            *others,
        ),
    )


def contracts() -> list[type[Message]]:
    """Every contract of it."""
    return [first.Work, first.Done, first.Ping, first.Ask, second.Pong]


def orders(seed: int = 1, padding: int = 0) -> Callable[[], first.Work]:
    """Makes orders of three lines, some 300 bytes, and so many more."""
    chance = random.Random(seed)

    def another() -> first.Work:
        return first.Work(
            order_id=uuid.UUID(int=chance.getrandbits(128), version=4),
            customer_id=f"C-{chance.randint(1000, 9999)}",
            email="ada@example.com",
            currency="EUR",
            lines=tuple(
                first.Item(
                    sku=f"SKU-{chance.randint(100, 999)}",
                    quantity=chance.randint(1, 9),
                    unit_price=Decimal(chance.randint(100, 9_999)).scaleb(-2),
                )
                for _ in range(3)
            ),
            padding="x" * padding,
        )

    return another
