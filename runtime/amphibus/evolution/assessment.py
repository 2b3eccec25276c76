"""The judgement of one contract: its changes, gated by its kind, with the documents that may show each break."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from amphibus.evolution.differences.bindings import of_bindings, of_marks
from amphibus.evolution.differences.changes import Change
from amphibus.evolution.differences.parts import of_parts
from amphibus.evolution.differences.rules import GATES, RULES, Direction, Part, Position, Severity
from amphibus.evolution.findings import Candidate, Finding
from amphibus.evolution.forms.form import digest
from amphibus.evolution.proof.losses import (
    documents_of_tomorrow,
    documents_that_say,
    losses_of,
)
from amphibus.evolution.proof.witnesses import Judged, judge
from amphibus.evolution.sunset import of_deprecation

Form = Mapping[str, Any]
_PROOF_DECIDES: Final[Mapping[str, Severity]] = {
    "CON03": "warning",
    "CON04": "warning",
    "ENM05": "info",
    "TYP06": "info",
}
"""How grave each is where only a direction breaks that need not hold; where one breaks that must, it is an error."""
_LOSSES: Final = ("FLD05", "FLD06", "FLD07", "FLD08", "FLD09", "FLD15")
"""The reader may take what it then loses."""
_TOMORROW: Final = ("FLD16", "ENM06")
"""The reader refuses what a program writes that is newer than both versions."""
_DIRECTIONS: Final[tuple[Direction, ...]] = ("backward", "forward")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The facts about other contracts that the judgement of one needs."""

    asked_by_modules: bool = False
    """Other modules read the answer with the class, and so hold its bounds."""
    words: Mapping[str, Any] = field(default_factory=dict)
    """Values of examples by the names of their fields: what a person would write there."""


def assess(old: Form, new: Form, around: Neighbours | None = None) -> list[Finding]:
    """Judges a contract against a form that was released.

    Args:
        old: the released form.
        new: the form of the class as it is.
        around: what is known of other contracts.
    """
    around = around or Neighbours()
    ends = of_deprecation(old.get("deprecated"), new.get("deprecated"))
    found = [_of_binding(old, new, each) for each in (*of_bindings(old, new), *ends)]
    if digest(old) == digest(new):
        return found + _of_words(old, new)
    if old["kind"] == new["kind"]:
        found += _of_part(old, new, "payload", old["kind"], around)
        if old["answer"] is not None and new["answer"] is not None:
            found += _of_part(old, new, "answer", "reply", around)
    return [replace(each, edition=digest(old)) for each in found]


def _of_words(old: Form, new: Form) -> list[Finding]:
    if {**old, "deprecated": None, "facts": None} == {**new, "deprecated": None, "facts": None}:
        return []
    what = _of_rights(old, new) or "its words or its example changed"
    return [_finding(Change("FLD17", (), what), new, "payload", old["kind"])]


def _of_rights(old: Form, new: Form) -> str:
    """Returns how the rights changed, in words; empty where they are what they were."""
    said = [
        f"{name} is {new.get(name) or 'nothing'} and was {old.get(name) or 'nothing'}"
        for name in ("requires", "owned_by")
        if old.get(name) != new.get(name)
    ]
    return ", ".join(said)


def _of_binding(old: Form, new: Form, change: Change) -> Finding:
    return _finding(change, new, "payload", old["kind"])


def _of_part(
    old: Form, new: Form, part: Part, position: Position, around: Neighbours
) -> list[Finding]:
    before, after = old[part], new[part]
    routed = part == "payload" and None not in (old["http"], new["http"])
    changes = list(of_parts(before, after, position, routed=routed))
    if part == "answer":
        changes += of_marks(before.get("personal", {}), after.get("personal", {}))
    examples = (
        [each["example"] for each in (old, new) if each.get("example")] if part == "payload" else []
    )
    judged = {
        each: judge(each, before, after, foreign=position in ("command", "query"), examples=examples)
        for each in _DIRECTIONS
    } if changes or before != after else {}  # fmt: skip
    found = []
    for change in changes:
        finding = _finding(change, new, part, position)
        if change.rule == "CON02" and position == "reply" and around.asked_by_modules:
            finding = replace(finding, severity="error")
        words = _Words(examples, around.words)
        shown = _with_candidates(finding, change, judged, words)
        found.append(_with_more(shown, change, (before, after), words))
    return [*_decided(found, position), *_uncovered(found, judged, new, part, position)]


def _finding(change: Change, form: Form, part: Part, position: Position) -> Finding:
    rule = RULES[change.rule]
    return Finding(
        rule=change.rule,
        severity=change.severity or rule.severity(position),
        contract=form["type"],
        what=change.what,
        path=change.path,
        part=part,
        position=position,
        document=change.document,
        refusal=change.refusal,
        instead="" if rule.instead == "nothing" else change.instead or rule.instead,
    )


def _with_candidates(
    finding: Finding,
    change: Change,
    judged: Mapping[Direction, Judged],
    words: "_Words",
) -> Finding:
    if change.rule == "MSG18":
        return finding
    places = (change.path, change.also) if change.also else (change.path,)
    foreign = finding.position in ("command", "query")
    candidates = [
        Candidate(direction, each, foreign=foreign and direction == "backward")
        for direction in _in_order(finding.position)
        for document in judged[direction].at(*places)
        for each in words.said(document, {name for place in places for name in place})
    ]
    directions = tuple(each for each in _DIRECTIONS if judged[each].at(*places))
    return replace(finding, candidates=tuple(candidates), directions=directions)


def _in_order(position: Position) -> list[Direction]:
    """The directions that must hold, and then the others."""
    gates = GATES[position]
    return [*gates, *(each for each in _DIRECTIONS if each not in gates)]


def _with_more(
    finding: Finding, change: Change, parts: tuple[Form, Form], words: "_Words"
) -> Finding:
    """Adds documents that no schema refuses: a value that is lost, and a field that nobody knows."""
    if finding.severity == "info" or change.rule not in (*_LOSSES, *_TOMORROW):
        return finding
    more = (
        [
            Candidate("backward", each, foreign=True)
            for document in documents_of_tomorrow(change, parts[0], words.examples)
            for each in words.said(document, set(change.path))
        ]
        if change.rule in _TOMORROW
        else _losing(finding.position, change, parts, words)
    )
    return replace(finding, candidates=(*finding.candidates, *more))


def _losing(
    position: Position, change: Change, parts: tuple[Form, Form], words: "_Words"
) -> Iterator[Candidate]:
    for direction in _in_order(position):
        foreign = direction == "backward" and position in ("command", "query")
        writer = parts[direction == "forward"]
        for loss in losses_of(direction, change, *parts):
            documents = documents_that_say(loss, writer, foreign=foreign, known=words.examples)
            for document in documents:
                for each in words.said(document, set(loss.at)):
                    if change.rule == "FLD07" and foreign:
                        yield Candidate(direction, each, foreign=foreign, over_http=True)
                    else:
                        yield Candidate(direction, each, foreign=foreign, loss=loss)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of examples, put into a witness in all the places that it is not about."""

    examples: Sequence[Mapping[str, Any]]
    known: Mapping[str, Any]

    def said(self, document: Any, shown: Collection[str]) -> Iterator[Any]:
        """The document in the words of examples, and then itself."""
        if isinstance(document, dict) and shown:
            for example in self.examples:
                kept = {
                    name: example[name]
                    for name in document
                    if name in example and name not in shown
                }
                if kept:
                    yield document | kept
            if self.known:
                yield self._put(document, shown)
        yield document

    def _put(self, value: Any, shown: Collection[str]) -> Any:
        if isinstance(value, list):
            return [self._put(each, shown) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self.known[name] if self._fits(name, each, shown) else self._put(each, shown)
            for name, each in value.items()
        }

    def _fits(self, name: str, value: Any, shown: Collection[str]) -> bool:
        return (
            name not in shown
            and name in self.known
            and not isinstance(value, (dict, list))
            and type(value) is type(self.known[name])
        )


def _decided(findings: list[Finding], position: Position) -> list[Finding]:
    """Patterns and multiples, and a text that becomes a list of values, are as grave as the proof says."""
    return [
        replace(each, severity=_by_proof(each, position))
        if each.rule in _PROOF_DECIDES and each.document is None
        else each
        for each in findings
    ]


def _by_proof(finding: Finding, position: Position) -> Severity:
    if set(finding.directions) & set(GATES[position]):
        return "error"
    return _PROOF_DECIDES[finding.rule] if finding.directions else "info"


def _uncovered(
    found: list[Finding],
    judged: Mapping[Direction, Judged],
    form: Form,
    part: Part,
    position: Position,
) -> Iterator[Finding]:
    """Yields what the proof finds and no rule has found: no break passes because its kind is not known."""
    for direction in GATES[position]:
        if direction not in judged:
            continue
        each = judged[direction]
        if each.verdict == "unknown":
            what = f"it cannot be judged whether {_said(direction)}: {each.reason}"
            if not any(one.severity == "error" for one in found):
                yield replace(
                    _finding(Change("UNKNOWN", (), what), form, part, position),
                    directions=(direction,),
                )
        elif each.verdict == "incompatible" and not any(
            direction in one.directions and one.severity != "info" for one in found
        ):
            shown = each.shown[0]
            rule = shown.rule if shown.rule in RULES else "UNKNOWN"
            change = Change(
                rule, shown.path, f"it no longer holds that {_said(direction)}", severity="error"
            )
            yield replace(
                _finding(change, form, part, position),
                directions=(direction,),
                candidates=(Candidate(direction, shown.document),),
            )


def _said(direction: Direction) -> str:
    if direction == "backward":
        return "what was written before is taken now"
    return "what is written now is taken by those that are not upgraded"
