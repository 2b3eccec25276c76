"""The contract that a rule looks at: its class, its form, its fields, and the contracts beside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from amphibus.contract import Message, Personal, kind_of, personal_marks
from amphibus.evolution.differences.changes import written
from amphibus.evolution.differences.rules import Part
from amphibus.evolution.forms.form import form_of, taken
from amphibus.evolution.forms.places import Place


@dataclass(frozen=True)
class FieldAt:
    """A field of a payload or an answer, or of a value inside."""

    path: tuple[str, ...]
    place: Place
    part: Part
    required: bool

    @property
    def name(self) -> str:
        """The name on the wire."""
        return next(each for each in reversed(self.path) if each not in ("[]", "*"))

    @property
    def where(self) -> str:
        """The place in the contract, such as `answer.lines[].sku`."""
        path = written(self.path)
        return path if self.part == "payload" else f"answer.{path}"

    @cached_property
    def values(self) -> tuple[Place, ...]:
        """The values that may stand here, the items of lists included."""
        return tuple(_values(self.place))

    @property
    def is_list(self) -> bool:
        """Several values may stand here."""
        return any(each.kind == "array" for each in self.place.members)


@dataclass(frozen=True)
class Subject:
    """One contract."""

    contract: type[Message]
    beside: Sequence["Subject"] = field(default=(), repr=False)
    """All contracts of the project, this one among them."""
    used: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    """Who sends, publishes, handles and subscribes to each type; empty where no front pages are known."""

    @property
    def wire_name(self) -> str:
        """The name on the wire."""
        return self.contract.contract_type

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.contract.__name__

    @property
    def kind(self) -> str:
        """The kind: command, event or query."""
        return kind_of(self.contract)

    @cached_property
    def form(self) -> dict[str, Any]:
        """The contract as its lock has it."""
        return form_of(self.contract)

    @cached_property
    def fields(self) -> tuple[FieldAt, ...]:
        """All fields of the payload and of the answer."""
        parts: tuple[Part, ...] = ("payload", "answer")
        return tuple(each for part in parts for each in self.fields_of(part))

    def fields_of(self, part: Part) -> Iterator[FieldAt]:
        """The fields of the payload or of the answer."""
        if self.form[part] is not None:
            schema = taken(self.form[part])
            yield from _fields(Place(schema, schema), (), part)

    @property
    def read_by_others(self) -> tuple[FieldAt, ...]:
        """The fields that others read: of an event, and of an answer."""
        return tuple(each for each in self.fields if each.part == "answer" or self.kind == "event")

    @cached_property
    def models(self) -> tuple[tuple[Part, type[BaseModel]], ...]:
        """The classes of the payload and the answer."""
        answer = self.contract.answer_type()
        payload: tuple[Part, type[BaseModel]] = ("payload", self.contract)
        return (payload,) if answer is None else (payload, ("answer", answer))

    @cached_property
    def marks(self) -> dict[str, Personal]:
        """The marks of personal data, by the place of the field."""
        return {
            path if part == "payload" else f"answer.{path}": mark
            for part, model in self.models
            for path, mark in personal_marks(model).items()
        }


def _fields(place: Place, path: tuple[str, ...], part: Part) -> Iterator[FieldAt]:
    for each in place.members:
        if each.stands_in_itself:
            continue
        if each.kind == "object":
            for name, inner in each.fields.items():
                there = (*path, name)
                yield FieldAt(there, inner, part, name in each.required)
                yield from _fields(inner, there, part)
        elif each.kind == "array":
            yield from _fields(each.inner("items"), (*path, "[]"), part)


def _values(place: Place) -> Iterator[Place]:
    for each in place.members:
        if each.kind == "array":
            yield from _values(each.inner("items"))
        else:
            yield each
