"""The judgement of a contract on a value from a form, field by field; and what a form did not show of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from amphibus.contract import Message, personal_fields
from amphibus.gateway.problems import wrong_fields
from amphibus.telemetry.privacy import MASK


@dataclass(frozen=True, slots=True)
class Judged:
    """A payload that a contract accepts, or the fields that it refuses."""

    body: bytes = b""
    errors: Mapping[str, str] = field(default_factory=dict)
    """By place, such as `lines[3].quantity`."""


def judged(contract: type[Message], value: Any) -> Judged:
    """Returns what a contract makes of a value."""
    try:
        message = contract.model_validate_json(json.dumps(value))
    except ValidationError as error:
        return Judged(errors=by_place(_wrong(contract, error)))
    return Judged(message.model_dump_json().encode())


def by_place(wrong: Any) -> dict[str, str]:
    """Returns what is wrong by its place; the first finding of each holds."""
    found: dict[str, str] = {}
    for each in wrong:
        found.setdefault(each["field"], each["message"])
    return found


def with_hidden(value: Any, whole: Any) -> Any:
    """Returns a value in which what was hidden is again as it was.

    Raises:
        LookupError: a list is longer or shorter, so that nobody can say what was hidden where.
    """
    if value == MASK:
        return whole
    if isinstance(value, dict):
        before = whole if isinstance(whole, dict) else {}
        return {name: with_hidden(each, before.get(name, each)) for name, each in value.items()}
    if isinstance(value, list) and hides(value):
        if not isinstance(whole, list) or len(whole) != len(value):
            raise LookupError
        return [with_hidden(each, there) for each, there in zip(value, whole, strict=True)]
    return value


def hides(value: Any) -> bool:
    """Returns whether something in a value is hidden."""
    if isinstance(value, dict):
        return any(map(hides, value.values()))
    return any(map(hides, value)) if isinstance(value, list) else value == MASK


def _wrong(contract: type[Message], error: ValidationError) -> Any:
    known = [info.alias or name for name, info in contract.model_fields.items()]
    return wrong_fields(error, known=known, personal=frozenset(personal_fields(contract)))
