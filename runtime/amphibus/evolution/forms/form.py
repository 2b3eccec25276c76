"""A contract in a form of its own: JSON Schema, and what JSON Schema loses of a contract's meaning."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from amphibus.contract import Deprecated, Message, kind_of, personal_marks
from amphibus.contract.http import Http
from amphibus.evolution.forms.aliases import as_written
from amphibus.evolution.forms.derived import as_before, bare, changed, structure, written
from amphibus.evolution.forms.schemas import taken_by, written_by

Json = dict[str, Any]
_HEX: Final = 16
_NOT_PROMISED: Final = ("facts", "example", "deprecated", "follows", "requires", "owned_by")
"""Changed, they change nothing of what a document means; rights are reviewed in `config/access.lock.json`."""


def form_of(contract: type[Message]) -> Json:
    """Returns what a contract promises, as data: its kind, key, route, refusals, personal data and schemas."""
    answer = contract.answer_type()
    example, end = contract.contract_example, contract.contract_deprecated
    return {
        "type": contract.contract_type,
        "kind": kind_of(contract),
        "key": contract.contract_key,
        "http": None if contract.contract_http is None else _route(contract.contract_http),
        "refuses": dict(contract.contract_refuses),
        "personal": _marks(contract),
        "example": None if example is None else dict(example),
        "payload": _part(contract),
        "answer": None if answer is None else _part(answer) | {"personal": _marks(answer)},
        **({} if end is None else {"deprecated": _days(end)}),
        **_followed(contract),
        **_rights(contract),
    }


def taken(part: Mapping[str, Any]) -> Json:
    """Returns the schema of what a part's class takes."""
    return dict(part["taken"])


def written_in(part: Mapping[str, Any]) -> Json:
    """Returns the schema of what a part's class writes."""
    found = dict(part["written"]) if "written" in part else written(part["taken"])
    return dict(changed(found, as_written))


def as_told_by(other: Mapping[str, Any], form: Mapping[str, Any]) -> Json:
    """Returns a form without the facts that another, older one could not hold: they are not new."""
    if "facts" not in other:
        return dict(form)
    version = other["facts"]
    parts = {name: form[name] for name in ("payload", "answer") if form[name] is not None}
    found = {name: _part_before(each, version) for name, each in parts.items()}
    return dict(form) | found | _marks_before(form)


def _part_before(part: Mapping[str, Any], version: int) -> Json:
    ends = {end: as_before(part[end], version) for end in ("taken", "written") if end in part}
    return {**part, **ends, **_marks_before(part)}


def _marks_before(part: Mapping[str, Any]) -> Json:
    if "personal" not in part:
        return {}
    marks = part["personal"].items()
    return {
        "personal": {path: {n: e for n, e in mark.items() if n != "once"} for path, mark in marks}
    }


def digest(form: Mapping[str, Any]) -> str:
    """Returns the same text for forms that promise the same, whatever their words, examples, ends and rights."""
    said = {name: each for name, each in form.items() if name not in _NOT_PROMISED}
    text = json.dumps(structure(said), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_HEX]


def _rights(contract: type[Message]) -> Json:
    """The declared rights; one that is not declared takes no room, as in forms from before there were rights."""
    said = {"requires": contract.contract_requires, "owned_by": contract.contract_owned_by}
    return {name: each for name, each in said.items() if each is not None}


def _part(model: type[BaseModel]) -> Json:
    """The part of a form; it says what is written only where that does not follow from what is taken."""
    takes = taken_by(model)
    writes = bare(written_by(model))
    same = _text(writes) == _text(written(takes))
    return {"taken": takes} | ({} if same else {"written": writes})


def _followed(contract: type[Message]) -> Json:
    """Those who follow nothing have no such part, so older locks stay as they are."""
    types = [each.contract_type for each in contract.contract_follows]
    return {"follows": types} if types else {}


def _days(end: Deprecated) -> Json:
    return {"since": end.since.isoformat(), "sunset": end.sunset.isoformat(), "use": end.use}


def _marks(model: type[BaseModel]) -> Json:
    """A purpose that is not said takes no room, nor what is needed for longer."""
    return {
        path: {"category": mark.category}
        | ({"purpose": mark.purpose} if mark.purpose else {})
        | ({"once": True} if mark.once else {})
        for path, mark in personal_marks(model).items()
    }


def _text(schema: Json) -> str:
    def ordered(each: Any) -> Any:
        if isinstance(each, dict):
            return {
                name: sorted(value) if name == "required" else ordered(value)
                for name, value in each.items()
            }
        return [ordered(item) for item in each] if isinstance(each, list) else each

    return json.dumps(ordered(schema), sort_keys=True)


def _route(http: Http) -> Json:
    return {
        "method": http.method,
        "path": http.path,
        "status": http.status,
        "stored": http.stored,
        "location": http.location,
    }
