"""The test of a module's converters: whatever the old version allows comes through, and nothing of it is lost."""

import copy
import json
from collections.abc import Collection, Iterator
from itertools import combinations, islice
from random import Random
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from amphibus.contract import Message, kind_of
from amphibus.contract.inclusion.limits import Effort
from amphibus.contract.inclusion.nodes import node
from amphibus.contract.inclusion.normal_form import NormalForms
from amphibus.contract.inclusion.samples import Samples
from amphibus.contract.inclusion.validation import Validation
from amphibus.evolution.differences.changes import Path, written
from amphibus.evolution.forms.derived import comparable
from amphibus.evolution.forms.places import Place
from amphibus.evolution.forms.schemas import taken_by
from amphibus.evolution.loss import Loss, values_at
from amphibus.evolution.proof.losses import documents_that_say
from amphibus.module import Convert, Module

_OF_A_FIELD: Final = 12
_DOCUMENTS: Final = 300
ModelT = TypeVar("ModelT", bound=BaseModel)


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
        for path, place in _places(self._source):
            if self._is_to_be_kept(path):
                self._is_kept(path, place)
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

    def _is_to_be_kept(self, path: Path) -> bool:
        name = path[0]
        said = {name, written(path)} & self._loses
        if said or path == (self._source.contract_key,):
            return False
        return kind_of(self._source) != "event" or name in self._target.model_fields

    def _is_kept(self, path: Path, place: Place) -> None:
        """Two messages that differ in the place alone are told apart afterwards."""
        apart = list(_differing(self._source, path, place))
        made = [self._converted(each) for each in apart]
        for one, other in combinations(range(len(made)), 2):
            if made[one] == made[other]:
                where = written(path)
                raise self._failed(
                    apart[other],
                    f"{where} is lost, as it becomes the same for {apart[one].model_dump_json()}; if that is meant: "
                    f'check_converters(module, loses=["{self._source.contract_type} {where}"])',
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


def _places(source: type[Message]) -> Iterator[tuple[Path, Place]]:
    """Every field of a message, and those of the values inside."""
    schema = taken_by(source)
    waiting: list[tuple[Path, Place]] = [((), Place(schema, schema))]
    while waiting:
        path, place = waiting.pop(0)
        if path and path[-1] != "[]":
            yield path, place
        for each in place.members:
            if not each.stands_in_itself:
                inside = {"[]": each.inner("items")} if each.kind == "array" else each.fields
                waiting += [((*path, name), inner) for name, inner in inside.items()]


def _differing(source: type[Message], path: Path, place: Place) -> Iterator[Message]:
    """Messages that differ in a place alone, and at least in a list's order and length."""
    known = [source.contract_example] if source.contract_example else []
    says = documents_that_say(
        Loss(path, None, [None]), {"taken": taken_by(source)}, foreign=True, known=known
    )
    found: list[Message] = []
    for value in _values_at(place) if says else ():
        document = copy.deepcopy(says[0])
        for inner in islice(values_at(document, path[:-1]), 1):
            inner[path[-1]] = value
        other = _instance(source, document)
        if other is not None and other not in found:
            found.append(other)
            yield other


def _values_at(place: Place) -> Iterator[Any]:
    schema = {**place.schema, "$defs": place.root.get("$defs", {})}
    yield from _samples(comparable(schema))
    for each in place.members:
        if each.schema.get("format") == "decimal":
            digits = each.schema.get("x-decimal-places", 2)
            yield from ("1", f"1.{'1' * digits}", f"1.{'1' * (digits - 1)}2") if digits else ()
        if each.kind == "array":
            items = {**each.inner("items").schema, "$defs": place.root.get("$defs", {})}
            several = _samples(comparable(items))[:3]
            yield from ([one, other] for one in several for other in several if one != other)


def _samples(schema: dict[str, Any]) -> list[Any]:
    effort = Effort()
    forms, validation = NormalForms(effort, formats=True), Validation(effort, formats=True)
    return list(islice(Samples(forms, validation, effort).of(node(schema)), _OF_A_FIELD))


def _instance(model: type[ModelT], document: dict[str, Any]) -> ModelT | None:
    """None for what only a validator of the class refuses."""
    try:
        return model.model_validate_json(json.dumps(document))
    except ValidationError:
        return None
