"""The rules of the end of everything: numbers, text, lists, and what may be anything."""

import re
from collections.abc import Iterator
from typing import Final

from amphibus.lint.rule import Problem, rule
from amphibus.lint.subject import Subject

_SAFE_INTEGER: Final = 2**53 - 1
_CRAFTY: Final = re.compile(r"\(\?[=!<]|\\[1-9]|\(\?P=")
_NESTED: Final = re.compile(r"\((?:\?:)?(?:\[[^\]]*\]|\\?.)[+*]\)[+*]")
"""A repetition of nothing but a repetition, such as (a+)+."""


@rule(
    "L046",
    "warning",
    "A whole number fits into JSON",
    why="JavaScript and many parsers round what is larger than 2^53.",
    fix="Give it bounds inside ±9,007,199,254,740,991, or send text.",
    fails="""
        class CountGoods(Command[None], key="sku"):
            sku: Sku
            pieces: int
        """,
    passes="""
        class CountGoods(Command[None], key="sku"):
            sku: Sku
            pieces: Annotated[int, Field(ge=0, le=1_000_000)]
        """,
)
def _integers(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        for value in each.values:
            if value.kind == "integer":
                said = value.schema
                low = said.get("minimum", said.get("exclusiveMinimum"))
                high = said.get("maximum", said.get("exclusiveMaximum"))
                if low is None or high is None or low < -_SAFE_INTEGER or high > _SAFE_INTEGER:
                    yield each.where, f"{each.name} has no bounds that JSON can hold"


@rule(
    "L047",
    "error",
    "Every value has a type",
    why="What may be anything is checked by nobody, and breaks far from where it came in.",
    fix="Declare a Value, or a tuple of Values with a name and a value.",
    fails="""
        class NoteGoods(Command[None], key="sku"):
            sku: Sku
            notes: dict[str, Any]
        """,
    passes="""
        class Note(Value):
            name: Key
            text: LongText


        class NoteGoods(Command[None], key="sku"):
            sku: Sku
            notes: Annotated[tuple[Note, ...], Field(max_length=20)]
        """,
)
def _typed(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        for value in each.values:
            bare = value.kind in ("object", "map") and "properties" not in value.schema
            if value.kind == "anything" or bare:
                yield each.where, f"{each.name} may hold anything"


@rule(
    "L048",
    "error",
    "Alternatives are told apart by `type`",
    why="Without a mark a reader tries one after the other, and takes the first that fits.",
    fix='Give each a field type: Literal["..."], and the union Field(discriminator="type").',
    fails="""
        class Card(Value):
            number_id: Key


        class Bill(Value):
            name_id: Key


        class PayOrder(Command[None], key="order_id"):
            order_id: UUID
            means: Card | Bill
        """,
    passes="""
        class Card(Value):
            type: Literal["card"]
            number_id: Key


        class Bill(Value):
            type: Literal["bill"]
            name_id: Key


        class PayOrder(Command[None], key="order_id"):
            order_id: UUID
            means: Annotated[Card | Bill, Field(discriminator="type")]
        """,
)
def _told_apart(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        objects = [member for member in each.place.members if member.kind == "object"]
        if len(objects) > 1 and each.place.discriminator != "type":
            yield (
                each.where,
                f"{each.name} is one of {len(objects)} objects that nothing tells apart",
            )


@rule(
    "L049",
    "warning",
    "Text and lists have an end",
    why="Without one a single message fills a database, and an end that is set later is a break.",
    fix="Declare ShortText, LongText or Key, or Field(max_length=...).",
    fails="""
        class NoteGoods(Command[None], key="sku"):
            sku: Sku
            note: str
        """,
    passes="""
        class NoteGoods(Command[None], key="sku"):
            sku: Sku
            note: LongText
        """,
)
def _ends(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        if any(value.kind == "string" and not _bounded(value.schema) for value in each.values):
            yield each.where, f"{each.name} is text that has no end"
        if any(it.kind == "array" and "maxItems" not in it.schema and "prefixItems" not in it.schema
               for it in each.place.members):  # fmt: skip
            yield each.where, f"{each.name} is a list that has no end"


def _bounded(schema: dict[str, object]) -> bool:
    return "maxLength" in schema or bool(schema.get("format"))


@rule(
    "L050",
    "warning",
    "A message carries no files",
    why="Every subscriber gets a copy, and the broker keeps each in memory.",
    fix="Put the bytes into a store of objects, and send where they are.",
    fails="""
        class KeepPhoto(Command[None], key="sku"):
            sku: Sku
            photo: Annotated[bytes, Field(max_length=100)]
        """,
    passes="""
        class KeepPhoto(Command[None], key="sku"):
            sku: Sku
            photo_key: Key
        """,
)
def _files(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        if any(value.schema.get("format") in ("binary", "base64url") for value in each.values):
            yield each.where, f"{each.name} is bytes"


@rule(
    "L051",
    "warning",
    "A pattern is anchored and simple",
    why="Without anchors it takes more than it says; with lookaround or nested repetition a text of a few"
    " characters keeps a program busy for hours, and other languages read it otherwise.",
    fix="Begin with ^, end with $, and do without lookaround, back-references and nested repetition.",
    fails="""
        class PlaceOrder(Command[None], key="code"):
            code: Annotated[str, StringConstraints(max_length=20, pattern="[A-Z]+")]
        """,
    passes="""
        class PlaceOrder(Command[None], key="code"):
            code: Annotated[str, StringConstraints(max_length=20, pattern="^[A-Z]+$")]
        """,
)
def _patterns(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        for value in each.values:
            pattern = value.schema.get("pattern")
            if not isinstance(pattern, str) or value.schema.get("format") == "decimal":
                continue
            if not (pattern.startswith("^") and pattern.endswith("$")):
                yield each.where, f"the pattern of {each.name} is not anchored"
            if _CRAFTY.search(pattern) or _NESTED.search(pattern):
                yield (
                    each.where,
                    f"the pattern of {each.name} may take for ever, or be read otherwise",
                )
