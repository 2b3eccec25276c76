"""The rules of events, commands and queries: their keys, their answers, and who uses them."""

import re
from collections.abc import Iterator
from typing import Any, Final

from amphibus.lint.rule import Problem, rule
from amphibus.lint.subject import FieldAt, Subject

_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_ENVELOPE: Final = frozenset({
    "event_id", "event_type", "event_time", "message_id", "message_type",
    "correlation_id", "causation_id", "trace_id", "timestamp",
})  # fmt: skip
_CLIENT_ERRORS: Final = range(400, 500)


@rule(
    "L026",
    "warning",
    "What is upserted is deleted too",
    why="A reader that keeps a copy has to learn that something is gone.",
    fix="Declare the event ...Deleted with the key and nothing else.",
    fails="""
        class GoodsUpserted(Event, key="sku"):
            sku: Sku
        """,
    passes="""
        class GoodsUpserted(Event, key="sku"):
            sku: Sku


        class GoodsDeleted(Event, key="sku"):
            sku: Sku
        """,
)
def _deleted_too(subject: Subject) -> Iterator[Problem]:
    thing = subject.name.removesuffix("Upserted")
    if thing == subject.name:
        return
    if not any(other.name == f"{thing}Deleted" for other in subject.beside):
        yield "", f"there is no {thing}Deleted"


@rule(
    "L027",
    "error",
    "The envelope's facts stand in the envelope",
    why="Every message has an id, a time and its cause already; a second one will differ one day.",
    fix="Leave it out, and read the context; call a time of the business by what happened then.",
    fails="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
            event_id: UUID
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
            placed_at: Moment
        """,
)
def _envelope(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields_of("payload"):
        if len(each.path) == 1 and each.name in _ENVELOPE:
            yield each.where, f"{each.name} is a fact of the envelope"


@rule(
    "L028",
    "error",
    "An event names what happened to whom",
    why="Without a key its subscribers take the events of one thing in any order.",
    fix="Give the class keyword key, a field that is always there.",
    fails="""
        class OrderPlaced(Event):
            order_id: UUID
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
)
def _key_of_event(subject: Subject) -> Iterator[Problem]:
    if subject.kind != "event":
        return
    key = subject.contract.contract_key
    if key is None:
        yield "", "it has no key"
    elif any(each.path == (key,) and each.place.nullable for each in subject.fields):
        yield key, "its key may be null"


@rule(
    "L029",
    "error",
    "A command names what it changes",
    why="Commands of one key are handled in their order; without one, a repetition may overtake.",
    fix="Give the class keyword key.",
    fails="""
        class PlaceOrder(Command[None]):
            order_id: UUID
        """,
    passes="""
        class PlaceOrder(Command[None], key="order_id"):
            order_id: UUID
        """,
)
def _key_of_command(subject: Subject) -> Iterator[Problem]:
    if subject.kind == "command" and subject.contract.contract_key is None:
        yield "", "it has no key"


@rule(
    "L030",
    "error",
    "A refusal has a code and a status of the client's",
    why="Programs compare the code; a status of 500 would make them try again.",
    fix="Write the code in snake_case, with a status from 400 to 499.",
    fails="""
        class PlaceOrder(Command[None], key="order_id", refuses={"Order exists": 500}):
            order_id: UUID
        """,
    passes="""
        class PlaceOrder(Command[None], key="order_id", refuses={"order_exists": 409}):
            order_id: UUID
        """,
)
def _refusals(subject: Subject) -> Iterator[Problem]:
    for code, status in subject.contract.contract_refuses.items():
        if _SNAKE.fullmatch(code) is None:
            yield "", f"the refusal {code!r} is not written in snake_case"
        if status not in _CLIENT_ERRORS:
            yield "", f"the refusal {code!r} has the status {status}"


@rule(
    "L031",
    "warning",
    "A list that is asked for has pages or an end",
    why="It is small in the first year.",
    fix="Give the query a limit and a cursor, or the list a max_length.",
    fails="""
        class Goods(Value):
            items: tuple[Sku, ...]


        class ListGoods(Query[Goods]):
            pass
        """,
    passes="""
        class Goods(Value):
            items: tuple[Sku, ...]
            next_cursor: Key | None = None


        class ListGoods(Query[Goods]):
            limit: Annotated[int, Field(ge=1, le=200)] = 50
            cursor: Key | None = None
        """,
)
def _pages(subject: Subject) -> Iterator[Problem]:
    if subject.kind != "query":
        return
    asked = {each.name: each for each in subject.fields_of("payload")}
    if "cursor" in asked and any("maximum" in each.schema for each in _limit(asked)):
        return
    for each in subject.fields_of("answer"):
        if len(each.path) == 1 and each.is_list and not _has_end(each):
            yield each.where, "it has no end, and the query has no limit and cursor"


def _limit(asked: dict[str, FieldAt]) -> tuple[Any, ...]:
    return asked["limit"].values if "limit" in asked else ()


def _has_end(each: FieldAt) -> bool:
    return all("maxItems" in place.schema for place in each.place.members if place.kind == "array")


@rule(
    "L032",
    "warning",
    "A contract is in use",
    why="What nobody sends or takes is kept up by everybody.",
    fix="Send it, subscribe to it, or delete it.",
    fails="""
        # nobody publishes it
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
    passes="""
        # modules/orders/module.py: publishes=(OrderPlaced,)
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
)
def _in_use(subject: Subject) -> Iterator[Problem]:
    if subject.used and not subject.used.get(subject.wire_name):
        verb = "publishes" if subject.kind == "event" else "handles"
        yield "", f"nobody {verb} it"
