"""Documents that show a break: what one version writes and the other refuses, sorted by the place that is refused."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from amphibus.contract.inclusion.comparison import Comparison, Verdict
from amphibus.contract.inclusion.explanation import Side as Newer
from amphibus.contract.inclusion.limits import Beyond
from amphibus.evolution.differences.changes import Path
from amphibus.evolution.differences.rules import Direction
from amphibus.evolution.forms.derived import by_class, by_others, comparable
from amphibus.evolution.forms.form import taken, written_in
from amphibus.evolution.forms.places import MISSING, NAME, Place

_MOST: Final = 60
_MOST_FOR_ONE: Final = 6
_LONG: Final = 1_000
"""Characters of a document that nobody reads to its end."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One document, with the place that the reader refuses and the rule."""

    document: Any
    path: Path
    rule: str


@dataclass(slots=True)
class Judged:
    """The judgement of one direction."""

    verdict: Verdict
    reason: str = ""
    shown: list[Shown] = field(default_factory=list)

    def at(self, *paths: Path) -> list[Any]:
        """Documents that are refused at one of these places, or else near them, or at the same field elsewhere."""
        for fits in (_same, _related, _same_field):
            found = [
                each.document for each in self.shown if any(fits(each.path, it) for it in paths)
            ]
            if found:
                return sorted(found, key=_is_long)[:_MOST_FOR_ONE]
        return []


def judge(
    direction: Direction,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    foreign: bool,
    examples: Sequence[Any] = (),
) -> Judged:
    """Judges one direction of one part of a contract.

    Args:
        direction: whose documents are read by whom.
        old: the part as it was.
        new: the part as it is.
        foreign: programs outside write it too, after the published schema and not with the class.
        examples: documents that people understand.
    """
    writer, reader = (old, new) if direction == "backward" else (new, old)
    writes = (
        by_others(taken(writer))
        if foreign and direction == "backward"
        else by_class(written_in(writer))
    )
    comparison = Comparison(writes, comparable(taken(reader)), formats=True)
    known = [completed(each, Place(taken(writer), taken(writer))) for each in examples]
    verdict, witness, reason = comparison.verdict(known)
    if verdict != "incompatible":
        return Judged(verdict, reason)
    newer: Newer = "reader" if direction == "backward" else "writer"
    return Judged(verdict, "", list(_shown(comparison, newer, known, witness)))


def _shown(
    comparison: Comparison, newer: Newer, known: Sequence[Any], first: Any
) -> Iterator[Shown]:
    for document in [first, *_more(comparison, known)]:
        try:
            found = comparison.explain(document, newer)
        except (Beyond, RecursionError, StopIteration):
            yield Shown(document, (), "")
            continue
        last = NAME if found.of_names else found.name
        steps = [*found.path, *([] if last is None else [last])]
        yield Shown(
            document, tuple("[]" if isinstance(each, int) else each for each in steps), found.rule
        )


def _more(comparison: Comparison, known: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    try:
        found.extend(islice(comparison.witnesses(known), _MOST))
    except (Beyond, RecursionError):
        pass
    return found


def _is_long(document: Any) -> bool:
    return len(json.dumps(document)) > _LONG


def _same(one: Path, other: Path) -> bool:
    return len(one) == len(other) and all(map(_step, one, other))


def _step(one: str, other: str) -> bool:
    """Any name in a mapping is the name, and any place in a list is one of its places."""
    if NAME in (one, other):
        return one == other
    return one == other or "*" in (one, other) or ("[]" in (one, other) and one[0] == other[0])


def _same_field(one: Path, other: Path) -> bool:
    """In a value that holds itself, the document may be about another place of one field."""
    return bool(one) and bool(other) and _step(one[-1], other[-1])


def _related(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return _same(one[:shorter], other[:shorter])


def completed(example: Any, place: Place) -> Any:
    """An example with the defaults of the fields that it leaves out, as its class would write it."""
    fitting = [each for each in place.members if each.kind in ("object", "array")]
    if not fitting:
        return example
    inner = fitting[0]
    if isinstance(example, list) and inner.kind == "array":
        return [completed(each, inner.inner("items")) for each in example]
    if not isinstance(example, dict) or inner.kind != "object":
        return example
    found = dict(example)
    for name, each in inner.fields.items():
        if name in found:
            found[name] = completed(found[name], each)
        elif each.default is not MISSING:
            found[name] = each.default
    return found
