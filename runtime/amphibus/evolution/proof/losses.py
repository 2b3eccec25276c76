"""Documents in which a place says something: those that show a silent loss, or what is not known there."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from amphibus.contract.inclusion.comparison import Comparison
from amphibus.contract.inclusion.limits import Beyond
from amphibus.evolution.differences.changes import Change, Path
from amphibus.evolution.differences.rules import Direction
from amphibus.evolution.forms.derived import by_class, by_others
from amphibus.evolution.forms.form import taken, written_in
from amphibus.evolution.forms.places import MISSING, NAME, Place
from amphibus.evolution.loss import Loss, values_at
from amphibus.evolution.proof.witnesses import completed

Part = Mapping[str, Any]
_MOST: Final = 4
_NEW: Final = "added_by_a_newer_sender"


def losses_of(direction: Direction, change: Change, old: Part, new: Part) -> Iterator[Loss]:
    """The loss that a field which went or was renamed makes in one direction, if it makes one."""
    if direction == "backward":
        at, kept = (change.also, change.path) if change.also else (change.path, None)
    elif change.also:
        at, kept = change.path, change.also
    else:
        return  # who is new does not write it
    places = [
        each
        for part, path in ((old, change.also or change.path), (new, change.path))
        for each in Place(taken(part), taken(part)).under(path)
    ]
    defaults = [each.default for each in places if each.default is not MISSING]
    yield Loss(at, kept, [None, *defaults])


def documents_that_say(
    loss: Loss, writer: Part, *, foreign: bool, known: Sequence[Any]
) -> list[Any]:
    """Returns documents of a writer in which the place says something.

    They are the counterexamples of a reader that takes anything, but nothing to speak of at that place.
    """
    writes = by_others(taken(writer)) if foreign else by_class(written_in(writer))
    examples = [completed(each, Place(taken(writer), taken(writer))) for each in known]
    # A constant says nothing but its default: then any document must do.
    for each in (loss, Loss(loss.at, None, [None])):
        comparison = Comparison(writes, _silent(each), formats=True)
        found: list[Any] = []
        with suppress(Beyond, RecursionError):
            found.extend(islice(filter(each.can_happen, comparison.witnesses(examples)), _MOST))
        if found:
            return found
    return []


def _silent(loss: Loss) -> Any:
    """The schema of documents that say nothing at the place."""
    silent: Any = {"enum": list(loss.unsaid)}
    for step in reversed(loss.at):
        silent = _under(step, silent)
    return silent


def documents_of_tomorrow(change: Change, writer: Part, known: Sequence[Any]) -> Iterator[Any]:
    """Returns documents of a newer program outside: with a field, or a value of a list, that nobody knows yet."""
    anything = Loss(change.path, None, [None])
    for each in documents_that_say(anything, writer, foreign=True, known=known):
        found = copy.deepcopy(each)
        if change.rule == "ENM06":
            _put(found, change.path)
        else:
            for inner in values_at(found, change.path):
                if isinstance(inner, dict):
                    inner[_NEW] = True
        yield found


def _put(document: Any, path: Path) -> None:
    """Puts a value that nobody knows into a place."""
    for inner in values_at(document, path[:-1]):
        if isinstance(inner, list):
            inner[:] = [_NEW] * len(inner)
        elif isinstance(inner, dict) and path[-1] == NAME and inner:
            inner[_NEW] = inner.popitem()[1]
        elif isinstance(inner, dict) and path[-1] in inner:
            inner[path[-1]] = _NEW


def _under(step: str, schema: Any) -> Any:
    if step == "[]":
        return {"items": schema}
    if step == NAME:
        return {"maxProperties": 0}
    if step == "*":
        return {"additionalProperties": schema}
    if step.startswith("["):
        return {"prefixItems": [*[True] * int(step[1:-1]), schema]}
    return {"properties": {step: schema}}
