"""The rules of a contract's end: long enough ahead, and with something to go to."""

from collections.abc import Iterator
from typing import Final

from amphibus.lint.rule import Problem, rule
from amphibus.lint.subject import Subject

_DAYS: Final = 30


@rule(
    "L067",
    "error",
    "A contract that ends says so in time, and what takes its place",
    why="Whoever uses it learns of its end by this alone, and needs time to go elsewhere.",
    fix=f"Let at least {_DAYS} days lie between since and sunset, and name another contract in use.",
    fails="""
        class PlaceOrder(
            Command[None],
            key="order_id",
            deprecated=Deprecated(since=date(2027, 1, 1), sunset=date(2027, 1, 2)),
        ):
            order_id: UUID
        """,
    passes="""
        class BookOrder(Command[None], key="order_id"):
            order_id: UUID


        class PlaceOrder(
            Command[None],
            key="order_id",
            deprecated=Deprecated(
                since=date(2027, 1, 1), sunset=date(2027, 7, 1), use="sample.BookOrder.v1"
            ),
        ):
            order_id: UUID
        """,
)
def _in_time(subject: Subject) -> Iterator[Problem]:
    end = subject.contract.contract_deprecated
    if end is None:
        return
    days = (end.sunset - end.since).days
    if days < _DAYS:
        yield "", f"it ends {days} days after it is deprecated"
    successor = next((each for each in subject.beside if each.wire_name == end.use), None)
    if not end.use:
        yield "", "it says nothing that takes its place"
    elif successor is None or successor is subject:
        yield "", f"what takes its place, {end.use}, is no other contract"
    elif successor.contract.contract_deprecated is not None:
        yield "", f"what takes its place, {end.use}, is deprecated itself"
