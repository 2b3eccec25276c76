"""Two ways to try a document: by the class that is loaded here, and by the schemas of a form."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import BaseModel, ValidationError

from amphibus.contract import Message
from amphibus.contract.inclusion.limits import Beyond, Effort
from amphibus.contract.inclusion.nodes import node
from amphibus.contract.inclusion.validation import Validation
from amphibus.contract.wording import details_of, in_words
from amphibus.evolution.differences.rules import Part
from amphibus.evolution.forms.derived import by_class, closed, comparable
from amphibus.evolution.forms.form import taken, written_in

_MOST_SAID: Final = 3
_GATEWAY: Final[Mapping[str, Any]] = {
    "strict": True,
    "extra": "forbid",
    "by_alias": True,
    "by_name": False,
}


@dataclass(frozen=True, slots=True)
class Question:
    """One document for one part of a contract."""

    type: str
    part: Part
    document: Any
    over_http: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """The outcome of one document."""

    refusal: str | None
    """Says why it is refused; None where it is taken."""
    emitted: Any = None
    """The document that the class writes of what it took."""


class Side(Protocol):
    """One version of the contracts."""

    @property
    def label(self) -> str:
        """Says which version, and by what it judges."""
        ...

    @property
    def runs(self) -> bool:
        """It judges by the classes themselves; otherwise by what is written about them."""
        ...

    def judge(self, questions: Sequence[Question]) -> list[Trial]:
        """Tries documents, in their order."""
        ...


class Classes:
    """The classes that are loaded in this process."""

    label = "the classes as they are now"
    runs = True

    def __init__(self, contracts: Mapping[str, type[Message]]) -> None:
        self._contracts = contracts

    def judge(self, questions: Sequence[Question]) -> list[Trial]:
        """Tries documents, in their order."""
        return [self._one(each) for each in questions]

    def _one(self, question: Question) -> Trial:
        contract = self._contracts.get(question.type)
        if contract is None:
            return Trial("there is no such contract")
        model: type[BaseModel] | None = (
            contract if question.part == "payload" else contract.answer_type()
        )
        if model is None:
            return Trial("there is no answer")
        return tried(model, question.document, over_http=question.over_http)


def tried(model: type[BaseModel], document: Any, *, over_http: bool = False) -> Trial:
    """Tries one document by one class, as it is read from the bus or by the gateway."""
    try:
        found = model.model_validate_json(json.dumps(document), **(_GATEWAY if over_http else {}))
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'the whole'} {in_words(each)}"
            for each in details_of(error)[:_MOST_SAID]
        )
        return Trial(said)
    except Exception as error:  # noqa: BLE001 - a validator of the project may raise anything
        return Trial(f"{type(error).__name__}: {error}")
    return Trial(None, json.loads(found.model_dump_json()))


class Schemas:
    """The forms of a lock, where the classes that they describe are gone."""

    label = "the schemas of the lock"
    runs = False

    def __init__(self, forms: Iterable[Mapping[str, Any]]) -> None:
        self._forms = {str(each["type"]): each for each in forms}

    def judge(self, questions: Sequence[Question]) -> list[Trial]:
        """Tries documents, in their order."""
        return [self._one(each) for each in questions]

    def _one(self, question: Question) -> Trial:
        part = self._forms.get(question.type, {}).get(question.part)
        if part is None:
            return Trial("there is no such contract")
        takes = comparable(taken(part))
        refusal = _refusal(closed(takes) if question.over_http else takes, question.document)
        writes = _refusal(by_class(written_in(part)), question.document) is None
        return Trial(refusal, question.document if writes else None)


def _refusal(schema: dict[str, Any], document: Any) -> str | None:
    validation = Validation(Effort(), formats=True)
    try:
        failure = next(validation.failures(node(schema), document), None)
    except Beyond as reason:
        return str(reason)
    if failure is None:
        return None
    steps = [*map(str, failure.path), *([str(failure.about)] if failure.about else [])]
    return f"{'.'.join(steps) or 'the whole'}: {failure.keyword}"
