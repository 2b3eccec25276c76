"""The rules of the names of contracts."""

import re
from collections.abc import Iterator
from typing import Final

from amphibus.lint.rule import Problem, rule
from amphibus.lint.subject import Subject

_PASCAL: Final = re.compile(r"([A-Z][a-z0-9]+)+")
_WORDS: Final = re.compile(r"[A-Z][a-z0-9]*")
_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PAST: Final = frozenset({
    "Begun", "Bought", "Built", "Cut", "Done", "Found", "Given", "Held", "Kept", "Left",
    "Lost", "Made", "Met", "Paid", "Put", "Read", "Run", "Seen", "Sent", "Set",
    "Shown", "Sold", "Spent", "Split", "Taken", "Told", "Won", "Withdrawn", "Written", "Available",
    "Unavailable",
})  # fmt: skip
"""Participles that do not end in -ed, and the states that something came into."""
_ASKING: Final = frozenset({
    "Get", "List", "Find", "Search", "Count", "Read", "Show", "Check",
})  # fmt: skip
_LONGEST: Final = 255


@rule(
    "L001",
    "error",
    "A contract is called after what it is",
    why="From its name alone one should know whether something has happened, is asked for, or is to be done.",
    fix="Call an event by a past participle, a command by an imperative, a query by Get, List or Find.",
    fails="""
        class ShipOrder(Event, key="order_id"):
            order_id: UUID
        """,
    passes="""
        class OrderShipped(Event, key="order_id"):
            order_id: UUID
        """,
)
def _name_of_contract(subject: Subject) -> Iterator[Problem]:
    name = subject.name
    if _PASCAL.fullmatch(name) is None:
        yield "", f"{name} is not written in PascalCase"
        return
    first, last = (_WORDS.findall(name)[place] for place in (0, -1))
    if subject.kind == "event" and not _is_past(last):
        yield "", f"the event {name} does not end with what happened, such as {name}Placed"
    if subject.kind == "command" and (_cannot_be_asked(first) or first in _ASKING):
        yield "", f"the command {name} does not begin with what is to be done"
    if subject.kind == "query" and first not in _ASKING:
        yield "", f"the query {name} does not begin with {', '.join(sorted(_ASKING))}"


def _cannot_be_asked(word: str) -> bool:
    """Put, Cut and Read are their own past."""
    return _is_past(word) and word not in ("Cut", "Put", "Read", "Set", "Split", "Run")


def _is_past(word: str) -> bool:
    return word in _PAST or word.endswith("ed")


@rule(
    "L002",
    "error",
    "A module is called in small letters",
    why="Its name is a part of every name on the wire, of queues and of users at the broker.",
    fix="Rename the folder: small letters, digits and single underscores.",
    fails="""
        __name__ = "contracts.OrderDesk.v1"


        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
    passes="""
        __name__ = "contracts.orders.v1"


        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
)
def _name_of_module(subject: Subject) -> Iterator[Problem]:
    owner = subject.contract.contract_owner
    if _SNAKE.fullmatch(owner) is None:
        yield "", f"the module {owner} is not written in snake_case"


@rule(
    "L009",
    "error",
    "An answer belongs to one request",
    why="An answer that two requests share cannot change for one of them alone.",
    fix="Declare an answer for each, if need be one derived from the other.",
    fails="""
        class GoodsView(Value):
            sku: Sku


        class GetGoods(Query[GoodsView], key="sku"):
            sku: Sku


        class FindGoods(Query[GoodsView], key="sku"):
            sku: Sku
        """,
    passes="""
        class GoodsView(Value):
            sku: Sku


        class FoundGoods(GoodsView):
            pass


        class GetGoods(Query[GoodsView], key="sku"):
            sku: Sku


        class FindGoods(Query[FoundGoods], key="sku"):
            sku: Sku
        """,
)
def _own_answer(subject: Subject) -> Iterator[Problem]:
    answer = subject.contract.answer_type()
    others = [
        other.wire_name
        for other in subject.beside
        if answer is not None
        and other.wire_name != subject.wire_name
        and other.contract.answer_type() is answer
    ]
    if answer is not None and others:
        yield "answer", f"{answer.__name__} answers {', '.join(others)} too"


@rule(
    "L011",
    "error",
    "Names fit into AMQP",
    why="A routing key has at most 255 bytes; a longer one cannot be published.",
    fix="Shorten the name.",
    fails=f"""
        class {"Very" * 64}Placed(Event, key="order_id"):
            order_id: UUID
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
)
def _length_of_names(subject: Subject) -> Iterator[Problem]:
    length = len(subject.wire_name.encode())
    if length > _LONGEST:
        yield "", f"its name has {length} bytes, and may have {_LONGEST}"
