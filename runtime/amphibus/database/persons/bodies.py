"""A message's payload and a person: whether it names that one, what is personal in it, and the same without it.

What is needed once is taken out in the same way, and names nobody.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from amphibus.contract import Message, personal_marks
from amphibus.database.persons.alone import exchanged, stands_in
from amphibus.messages.documents import document_of, text_of, texts_in

NAMING: Final = ("identity", "contact")
"""The categories of marks that tell one person."""
_ITEMS: Final = "[]"
_VALUES: Final = "*"
Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """A person as a store is searched for: the subject, other texts that tell it, and what takes their place."""

    subject: str
    values: frozenset[str] = frozenset()
    replacement: str = ""

    @property
    def texts(self) -> frozenset[str]:
        """All texts that tell the person."""
        return self.values | {self.subject}


_NEEDED_NO_MORE: Final = Sought("", replacement="forgotten")


class Payload:
    """A payload that was read, with the places of its contract's personal data; of no contract, all texts are."""

    def __init__(self, body: bytes, contract: type[BaseModel] | None) -> None:
        self._contract = contract
        self._body = body
        self._said = _read(body)
        self._places = None if contract is None else _places(contract)

    def names(self, person: Sought) -> bool:
        """Returns whether the person stands in it."""
        if self._said is None:
            return person.subject.encode() in self._body
        if self._places is None:
            texts = (self._body.decode(errors="replace"), *texts_in(self._said))
            return any(stands_in(each, person.subject) for each in texts)
        return any(
            text == person.subject for _, steps in self._naming() for text in self._texts(steps)
        )

    def values(self) -> Iterator[tuple[str, Any]]:
        """Path and value of all that is personal in it."""
        for _, path, steps in self._places or ():
            yield from ((path, each) for each in _found(self._said, steps))

    def naming(self, person: Sought) -> set[str]:
        """Returns the texts in it that tell the person, if it names no other."""
        if self._is_shared(person):
            return set()
        return {str(text) for _, steps in self._naming() for text in self._texts(steps)}

    def without(self, person: Sought) -> bytes:
        """Returns it without the person: all that is personal, or what tells this one if it names others too."""
        if self._said is None:
            return _cut(self._body, person)
        if self._places is None:
            said = _cut_out(self._said, person)
            return self._body if said == self._said else _written(said)
        if self._is_shared(person):
            return self._changed(lambda value: _exchanged(value, person))
        return self._erased(person)

    def _naming(self) -> list[tuple[str, Steps]]:
        return [
            (category, steps) for category, _, steps in self._places or () if category in NAMING
        ]

    def _texts(self, steps: Steps) -> list[Any]:
        return [each for each in _found(self._said, steps) if isinstance(each, str)]

    def _is_shared(self, person: Sought) -> bool:
        """Returns whether it names another one where it names the person."""
        for category in NAMING:
            texts = {
                text
                for each, steps in self._naming()
                if each == category
                for text in self._texts(steps)
            }
            if person.subject in texts and len(texts) > 1:
                return True
        return False

    def _changed(self, change: Callable[[Any], Any]) -> bytes:
        said = _leaves(self._said, change)
        return self._body if said == self._said else _written(said)

    def _erased(self, person: Sought) -> bytes:
        said = self._said
        for _, _, steps in self._places or ():
            said = self._fitting(said, steps, person)
        return self._body if said == self._said else _written(said)

    def _fitting(self, said: Any, steps: Steps, person: Sought) -> Any:
        """The payload with one place erased, in the first way that its contract takes."""
        ways = [rewritten(said, steps, each) for each in _ways(person)]
        contract = self._contract
        if contract is None or not _fits(contract, said):
            return ways[0]
        return next((each for each in ways if _fits(contract, each)), ways[0])


def without_once(body: bytes, contract: type[Message] | None) -> bytes:
    """Returns the payload of a message that was handled, without what its contract says is needed once."""
    if contract is None or not (ways := _once(contract)) or (said := _read(body)) is None:
        return body
    for steps, way in ways:
        said = rewritten(said, steps, way)
    return _written(said)


def needs_once(contract: type[Message] | None) -> bool:
    """Returns whether a contract has something that is needed once."""
    return contract is not None and bool(_once(contract))


def replaced(value: Any, person: Sought) -> Any:
    """Returns what takes the place of a value: of the same kind, and naming nobody."""
    if isinstance(value, str):
        return f"{person.replacement}@erased.invalid" if "@" in value else person.replacement
    return _plain(value)


def rewritten(value: Any, steps: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """Returns a document with what the steps lead to changed; what is absent stays absent."""
    if value is None or not steps:
        return None if value is None else _leaves(value, change)
    first, *rest = steps
    if isinstance(value, list):
        return [rewritten(each, rest, change) for each in value] if first == _ITEMS else value
    if isinstance(value, dict):
        inside = value if first == _VALUES else value.keys() & {first}
        return value | {name: rewritten(value[name], rest, change) for name in inside}
    return value


def _ways(person: Sought) -> tuple[Callable[[Any], Any], ...]:
    return (
        lambda value: replaced(value, person),
        lambda _value: None,
        _same_shape,
        lambda value: "1970-01-01T00:00:00Z" if isinstance(value, str) else _plain(value),
        lambda value: "1970-01-01" if isinstance(value, str) else _plain(value),
        lambda value: "" if isinstance(value, str) else _plain(value),
    )


def _same_shape(value: Any) -> Any:
    """A text with each letter and digit replaced, so that a pattern may still fit."""
    if not isinstance(value, str):
        return _plain(value)
    kinds = ((str.isdigit, "0"), (str.isupper, "A"), (str.isalpha, "a"))
    return "".join(next((to for is_kind, to in kinds if is_kind(each)), each) for each in value)


def _plain(value: Any) -> Any:
    return type(value)() if isinstance(value, bool | int | float | str) else None


def _exchanged(value: Any, person: Sought) -> Any:
    return replaced(value, person) if isinstance(value, str) and value in person.texts else value


def _leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """The document with each of its leaves, and the names in its objects, changed."""
    if isinstance(value, dict):
        return {name: _leaves(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [_leaves(each, change) for each in value]
    return None if value is None else change(value)


def _found(value: Any, steps: Sequence[str]) -> list[Any]:
    found: list[Any] = []

    def note(each: Any) -> Any:
        found.append(each)
        return each

    rewritten(value, steps, note)
    return found


def _cut(body: bytes, person: Sought) -> bytes:
    """A payload that nobody can read, without the texts that tell the person."""
    for text in sorted(person.texts, key=len, reverse=True):
        body = body.replace(text.encode(), str(replaced(text, person)).encode())
    return body


def without_texts(text: str, some: Collection[str], person: Sought) -> str:
    """Returns a text without some that tell the person, wherever they stand in it for themselves."""
    return exchanged(text, {each: str(replaced(each, person)) for each in some})


def _cut_out(value: Any, person: Sought) -> Any:
    """A document of no contract without the texts that tell the person, wherever they stand in it."""
    if isinstance(value, dict):
        return {_cut_out(name, person): _cut_out(each, person) for name, each in value.items()}
    if isinstance(value, list):
        return [_cut_out(each, person) for each in value]
    if not isinstance(value, str):
        return value
    if value in person.texts:
        return replaced(value, person)
    return without_texts(value, known_texts(person.texts), person)


def _read(body: bytes) -> Any:
    try:
        said = document_of(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _written(said: Any) -> bytes:
    return text_of(said).encode()


def _fits(contract: type[BaseModel], said: Any) -> bool:
    try:
        contract.model_validate_json(_written(said))
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=1024)
def _places(contract: type[BaseModel]) -> tuple[tuple[str, str, Steps], ...]:
    """Category, path and steps of what is personal; the field that says whose an object is, is an identity."""
    marks = {path: mark.category for path, mark in personal_marks(contract).items()}
    owned = contract.contract_owned_by if issubclass(contract, Message) else None
    if owned is not None:
        marks[owned] = "identity"
    return tuple((category, path, _steps(path)) for path, category in marks.items())


@lru_cache(maxsize=1024)
def _once(contract: type[Message]) -> tuple[tuple[Steps, Callable[[Any], Any]], ...]:
    """Returns the places of what is needed once, each with the first way that the contract takes in its example."""
    example = _read(json.dumps(contract.contract_example).encode())
    return tuple(
        (steps, _way(contract, example, steps))
        for steps in (_steps(path) for path, mark in personal_marks(contract).items() if mark.once)
    )


def _way(contract: type[Message], example: Any, steps: Steps) -> Callable[[Any], Any]:
    ways = _ways(_NEEDED_NO_MORE)
    fitting = (each for each in ways if _fits(contract, rewritten(example, steps, each)))
    return ways[0] if example is None else next(fitting, ways[0])


def _steps(path: str) -> Steps:
    return tuple(path.replace("[]", ".[]").split("."))


def known_texts(texts: Collection[str]) -> frozenset[str]:
    """Returns the texts that are long enough to tell anybody wherever they stand."""
    return frozenset(each for each in texts if len(each) > 2)
