"""The rules that keep a contract open: what is fixed today must not be in the way tomorrow."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from amphibus.evolution.forms.places import MISSING
from amphibus.lint.rule import Problem, rule
from amphibus.lint.subject import Subject


@rule(
    "L061",
    "error",
    "Readers ignore what they do not know",
    why="A reader that forbids unknown fields turns every addition into a break.",
    fix='Leave out extra="forbid".',
    fails="""
        class OrderPlaced(Event, key="order_id", extra="forbid"):
            order_id: UUID
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
)
def _open_readers(subject: Subject) -> Iterator[Problem]:
    for where, model in _all_models(subject):
        if model.model_config.get("extra") == "forbid":
            yield where, f"{model.__name__} refuses fields that it does not know"


@rule(
    "L062",
    "error",
    "Writers write what is declared",
    why="A field that nobody declared is read by somebody one day, and nobody knows that it is there.",
    fix='Leave out extra="allow".',
    fails="""
        class OrderPlaced(Event, key="order_id", extra="allow"):
            order_id: UUID
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
)
def _closed_writers(subject: Subject) -> Iterator[Problem]:
    for where, model in _all_models(subject):
        if model.model_config.get("extra") == "allow":
            yield where, f"{model.__name__} writes fields that are not declared"


@rule(
    "L063",
    "error",
    "A list of values that others read is open, or says why it is closed",
    why="A value that is added to a closed list breaks every reader that is not upgraded.",
    fix='Declare an Enum with a member for what is unknown, or Annotated[Literal[...], Closed("the reason")].',
    fails="""
        class OrderEnded(Event, key="order_id"):
            order_id: UUID
            outcome: Literal["paid", "cancelled"]
        """,
    passes="""
        Outcome = Annotated[Literal["paid", "cancelled"], Closed("an order ends in these two ways alone")]


        class OrderEnded(Event, key="order_id"):
            order_id: UUID
            outcome: Outcome
        """,
)
def _open_lists(subject: Subject) -> Iterator[Problem]:
    for each in subject.read_by_others:
        for value in each.values:
            said = value.schema
            if len(value.values) > 1 and not said.get("x-open") and not said.get("x-closed"):
                yield each.where, f"{each.name} is closed and does not say why"


@rule(
    "L064",
    "error",
    "What may be null may be left out",
    why="A field that must be there and may be null has two ways to say nothing, and every reader needs both.",
    fix="Give it the default None.",
    fails="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
            note: ShortText | None
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
            note: ShortText | None = None
        """,
)
def _null_or_absent(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        if each.place.nullable and each.required and each.place.default is MISSING:
            yield each.where, f"{each.name} may be null and must be there"


@rule(
    "L066",
    "error",
    "What is written is what the type says",
    why="A serializer of its own writes what no schema knows: its readers are checked against something else.",
    fix="Declare the type that is written, and convert before the message is made.",
    fails="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
            placed_at: Moment

            @field_serializer("placed_at")
            def _seconds(self, value):
                return value.timestamp()
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
            placed_at: Moment

            @field_serializer("placed_at")
            def _seconds(self, value) -> float:
                return value.timestamp()
        """,
)
def _serializers(subject: Subject) -> Iterator[Problem]:
    for where, model in _all_models(subject):
        found = model.__pydantic_decorators__
        hooks = {
            name: each.func
            for several in (found.field_serializers, found.model_serializers)
            for name, each in several.items()
        }
        for name, function in hooks.items():
            bare = getattr(function, "__func__", function)
            if "return" not in getattr(bare, "__annotations__", {}):
                yield where, f"{model.__name__}.{name} does not say what it writes"


@rule(
    "L068",
    "warning",
    "A field has one name, on the way in and on the way out",
    why="What is written under one name and read under another cannot be read by its own writer.",
    fix="Declare alias=..., except while a field is being renamed.",
    fails="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
            total: Annotated[Money, Field(serialization_alias="sum")]
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
            total: Annotated[Money, Field(alias="sum")]
        """,
)
def _one_name(subject: Subject) -> Iterator[Problem]:
    for part, model in subject.models:
        for name, info in model.model_fields.items():
            inward = info.validation_alias if isinstance(info.validation_alias, str) else name
            outward = info.serialization_alias or name
            if inward != outward:
                where = name if part == "payload" else f"answer.{name}"
                yield where, f"{name} is read as {inward} and written as {outward}"


def _all_models(subject: Subject) -> Iterator[tuple[str, type[BaseModel]]]:
    met: set[Any] = set()
    for part, model in subject.models:
        todo: list[tuple[str, Any]] = [("" if part == "payload" else part, model)]
        while todo:
            where, each = todo.pop()
            if each in met:
                continue
            met.add(each)
            yield where, each
            todo += [
                (where, inner)
                for info in each.model_fields.values()
                for inner in _models_in(info.annotation)
            ]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in getattr(annotation, "__args__", ()):
        yield from _models_in(each)
