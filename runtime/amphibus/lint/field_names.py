"""The rules of the names of fields and of values."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from amphibus.lint.rule import Problem, rule
from amphibus.lint.subject import FieldAt, Subject

_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_UPPER: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_PREPOSITIONS: Final = frozenset({
    "for", "of", "with", "by", "from",
})  # fmt: skip
_SHORT: Final = {
    "addr": "address", "amt": "amount", "cnt": "count", "cust": "customer", "desc": "description",
    "msg": "message", "nr": "number", "num": "number", "pwd": "password", "qty": "quantity",
    "ref": "reference", "tel": "phone", "ts": "…_at", "zip": "postal_code",
}  # fmt: skip
_EXCLUDING: Final = {
    "whitelist": "allowed",
    "blacklist": "denied",
    "master": "primary",
    "slave": "replica",
}
_SINGULAR: Final = re.compile(r"(?<!s)s$|data$|children$|people$|history$|media$")


@rule(
    "L004",
    "error",
    "A field is called in small letters",
    why="Every language that reads the message makes an attribute of it.",
    fix="Use snake_case without leading, trailing or double underscores and without prepositions inside.",
    fails="""
        class PlaceOrder(Command[None], key="orderId"):
            orderId: UUID
        """,
    passes="""
        class PlaceOrder(Command[None], key="order_id"):
            order_id: UUID
        """,
)
def _name_of_field(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        if _SNAKE.fullmatch(each.name) is None:
            yield each.where, f"{each.name} is not written in snake_case"
        elif _PREPOSITIONS & set(each.name.split("_")[1:-1]):
            yield each.where, f"{each.name} is a phrase: name the thing"


@rule(
    "L005",
    "warning",
    "A field is called by the whole word",
    why="One thing has one name in all contracts, and nobody has to guess.",
    fix="Write the word out.",
    fails="""
        class PutAside(Command[None], key="sku"):
            sku: Sku
            qty: int
        """,
    passes="""
        class PutAside(Command[None], key="sku"):
            sku: Sku
            quantity: int
        """,
)
def _short_names(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        for word in each.name.split("_"):
            if word in _SHORT:
                yield each.where, f"{word} is short for {_SHORT[word]}"


@rule(
    "L006",
    "error",
    "One name has one type everywhere",
    why="Whoever joins two messages by a field relies on its being the same in both.",
    fix="Give both fields one type, or call one of them otherwise.",
    fails="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID


        class OrderShipped(Event, key="order_id"):
            order_id: Key
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID


        class OrderShipped(Event, key="order_id"):
            order_id: UUID
        """,
)
def _one_type(subject: Subject) -> Iterator[Problem]:
    met = Counter(
        (each.name, kind)
        for other in subject.beside
        for each in other.fields
        for kind in _types(each)
    )
    for each in subject.fields:
        for kind in _types(each):
            others = {
                it: count for (name, it), count in met.items() if name == each.name and it != kind
            }
            if others and met[each.name, kind] <= max(others.values()):
                yield (
                    each.where,
                    f"{each.name} is {kind} here and {max(others, key=others.__getitem__)} elsewhere",
                )
                break


def _types(each: FieldAt) -> set[str]:
    if not re.fullmatch(r"id|email|phone|currency|country|language|\w+_id", each.name):
        return set()
    return {str(value.schema.get("format", value.kind)) for value in each.values}


@rule(
    "L007",
    "warning",
    "A list is called in the plural",
    why="The name says at a glance that there may be several.",
    fix="Add the s.",
    fails="""
        class TagGoods(Command[None], key="sku"):
            sku: Sku
            tag: Annotated[tuple[Key, ...], Field(max_length=10)]
        """,
    passes="""
        class TagGoods(Command[None], key="sku"):
            sku: Sku
            tags: Annotated[tuple[Key, ...], Field(max_length=10)]
        """,
)
def _plural(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        if each.is_list and _SINGULAR.search(each.name) is None:
            yield each.where, f"{each.name} is a list and is called like one thing"


@rule(
    "L008",
    "error",
    "The values of a list have one style",
    why="Two styles are two chances to compare with the wrong one.",
    fix="Write all of them in snake_case or all in UPPER_CASE, each once.",
    fails="""
        class RateGoods(Command[None], key="sku"):
            sku: Sku
            rate: Literal["good", "VERY_BAD"]
        """,
    passes="""
        class RateGoods(Command[None], key="sku"):
            sku: Sku
            rate: Literal["good", "very_bad"]
        """,
)
def _values(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        for value in each.values:
            texts = [text for text in value.values if isinstance(text, str)]
            if texts and not any(
                all(style.fullmatch(text) for text in texts) for style in (_SNAKE, _UPPER)
            ):
                yield each.where, f"{', '.join(texts)} are not in one style"
            if len(set(map(str, value.values))) < len(value.values):
                yield each.where, "two values are the same"


@rule(
    "L010",
    "warning",
    "Names exclude nobody",
    why="Contracts are read by everybody, and stay for years.",
    fix="Say allowed, denied, primary or replica.",
    fails="""
        class ChangeRules(Command[None], key="sku"):
            sku: Sku
            whitelist: Key
        """,
    passes="""
        class ChangeRules(Command[None], key="sku"):
            sku: Sku
            allowed: Key
        """,
)
def _inclusive(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        for word, better in _EXCLUDING.items():
            if word in each.name.split("_"):
                yield each.where, f"say {better} for {word}"
