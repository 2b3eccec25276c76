"""The test of a module's converters: whatever the old version allows comes through, and nothing of it is lost."""

import json
from collections.abc import Collection, Iterator
from itertools import islice
from random import Random
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from amphibus.contract import Message, kind_of
from amphibus.contract.inclusion.limits import Effort
from amphibus.contract.inclusion.nodes import node
from amphibus.contract.inclusion.normal_form import NormalForms
from amphibus.contract.inclusion.samples import Samples
from amphibus.contract.inclusion.validation import Validation
from amphibus.evolution.forms.derived import comparable
from amphibus.evolution.forms.schemas import taken_by
from amphibus.module import Convert, Module

_OF_A_FIELD: Final = 12
_DOCUMENTS: Final = 300


class ConverterFails(AssertionError):
    """A converter that raises, makes what its target does not take, or loses something; its text shows the message."""


def check_converters(module: Module, *, loses: Collection[str] = ()) -> None:
    """Tries every converter of a module with messages at the ends of everything that its contract allows.

    A converter makes a message of its target's class, as that class takes it from the wire, with the same key. Two
    messages that differ in a field are converted to two that differ; an event may lose fields that its older version
    does not have.

    Args:
        module: the front page.
        loses: fields that are lost on purpose, such as `orders.PlaceOrder.v1 note`.

    Raises:
        ConverterFails: one does not do so; with the message that shows it.
    """
    for each in module.converts:
        _Check(each, loses).run()


def documents_of(model: type[BaseModel], *, most: int = _DOCUMENTS) -> Iterator[BaseModel]:
    """Yields instances of a contract or an answer, at the ends of what it allows; always the same ones."""
    values = _values_of(model)
    chance = Random(model.__qualname__)
    documents = [{name: some[0] for name, some in values.items() if some}]
    documents += [
        {**documents[0], name: value} for name, some in values.items() for value in some[1:]
    ]
    documents += [
        {name: chance.choice(some) for name, some in values.items() if some}
        for _ in range(max(0, most - len(documents)))
    ]
    for each in documents:
        found = _instance(model, each)
        if found is not None:
            yield found


class _Check:
    """One converter."""

    def __init__(self, convert: Convert, loses: Collection[str]) -> None:
        self._convert = convert
        self._source, self._target = convert.source, convert.target
        self._loses = {
            name for type_, _, name in (each.partition(" ") for each in loses)
            if type_ == self._source.contract_type
        }  # fmt: skip

    def run(self) -> None:
        for each in documents_of(self._source):
            self._converted(each)
        for name in sorted(self._kept_fields()):
            self._is_kept(name)
        self._answers()

    def _converted(self, message: BaseModel) -> Message:
        made = self._made(self._convert.using, message, self._target)
        assert isinstance(made, Message)
        assert isinstance(message, Message)
        if message.contract_key and made.contract_key and message.key_value() != made.key_value():
            raise self._failed(message, f"the key becomes {made.key_value()!r}")
        return made

    def _made(self, using: Any, value: BaseModel, target: type[BaseModel]) -> BaseModel:
        try:
            made = using(value)
        except Exception as error:
            raise self._failed(value, f"it raises {type(error).__name__}: {error}") from error
        if not isinstance(made, target):
            raise self._failed(value, f"it returns {type(made).__name__}, not {target.__name__}")
        try:
            target.model_validate_json(made.model_dump_json(warnings="none"))
        except ValidationError as error:
            raise self._failed(value, f"its target does not take the result: {error}") from error
        return made

    def _kept_fields(self) -> set[str]:
        fields = set(self._source.model_fields) - self._loses - {self._source.contract_key}
        return (
            fields & set(self._target.model_fields) if kind_of(self._source) == "event" else fields
        )

    def _is_kept(self, name: str) -> None:
        """Two messages that differ in the field alone are told apart afterwards."""
        apart: list[BaseModel] = []
        for value in _values_of(self._source)[name]:
            for each in islice(documents_of(self._source), 1):
                other = _instance(self._source, json.loads(each.model_dump_json()) | {name: value})
                if other is not None and other not in apart:
                    apart.append(other)
        made = [self._converted(each) for each in apart]
        if len(apart) > 1 and all(each == made[0] for each in made):
            raise self._failed(
                apart[1],
                f"{name} is lost; if that is meant: "
                f'check_converters(module, loses=["{self._source.contract_type} {name}"])',
            )

    def _answers(self) -> None:
        back, old, new = (
            self._convert.answer,
            self._source.answer_type(),
            self._target.answer_type(),
        )
        if back is not None and old is not None and new is not None:
            for each in documents_of(new):
                self._made(back, each, old)

    def _failed(self, value: BaseModel, why: str) -> ConverterFails:
        pair = f"{self._source.contract_type} to {self._target.contract_type}"
        return ConverterFails(f"the converter of {pair} fails for {value.model_dump_json()}: {why}")


def _values_of(model: type[BaseModel]) -> dict[str, list[Any]]:
    """Values of each field, by its name on the wire; those of the example first."""
    schema = comparable(taken_by(model))
    example = getattr(model, "contract_example", None) or {}
    found: dict[str, list[Any]] = {}
    for name, each in schema.get("properties", {}).items():
        part = {**each, "$defs": schema.get("$defs", {})}
        some = [example[name]] if name in example else []
        some += [value for value in _samples(part) if value not in some]
        found[name] = some
    return found


def _samples(schema: dict[str, Any]) -> list[Any]:
    effort = Effort()
    forms, validation = NormalForms(effort, formats=True), Validation(effort, formats=True)
    return list(islice(Samples(forms, validation, effort).of(node(schema)), _OF_A_FIELD))


def _instance(model: type[BaseModel], document: dict[str, Any]) -> BaseModel | None:
    """None for what only a validator of the class refuses."""
    try:
        return model.model_validate_json(json.dumps(document))
    except ValidationError:
        return None
