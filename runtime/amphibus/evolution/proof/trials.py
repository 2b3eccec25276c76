"""The trial of documents: what one version writes is given to the other, before it is shown to anybody."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from amphibus.evolution.findings import Candidate, Finding
from amphibus.evolution.proof.sides import Question, Side, Trial

_Tried = dict[tuple[int, int], Trial]
_BY_SCHEMAS: Final = "shown by the schemas alone"


def with_documents(findings: Sequence[Finding], old: Side, new: Side) -> list[Finding]:
    """Returns the findings, each with the first document that one side writes and the other refuses."""
    backward = _candidates(findings, "backward")
    forward = _candidates(findings, "forward")
    writers = _tried(backward, findings, old, {})
    writers |= _tried(forward, findings, new, {})
    readers = _tried(backward, findings, new, writers)
    readers |= _tried(forward, findings, old, writers)
    return [
        _shown(number, each, writers, readers, (old.label, new.label))
        for number, each in enumerate(findings)
    ]


def _candidates(findings: Sequence[Finding], direction: str) -> dict[tuple[int, int], Candidate]:
    return {
        (number, place): candidate
        for number, each in enumerate(findings)
        if each.severity != "info" and each.document is None
        for place, candidate in enumerate(each.candidates)
        if candidate.direction == direction
    }


def _tried(
    candidates: dict[tuple[int, int], Candidate],
    findings: Sequence[Finding],
    side: Side,
    writers: _Tried,
) -> _Tried:
    """Tries what was written, or as long as nobody has written it, the candidates themselves."""
    places = [place for place in candidates if not writers or writers[place].refusal is None]
    questions = [
        Question(
            findings[place[0]].contract,
            findings[place[0]].part,
            _document(candidates[place], writers.get(place)),
        )
        for place in places
    ]
    return dict(zip(places, side.judge(questions), strict=True))


def _document(candidate: Candidate, writer: Trial | None) -> object:
    return candidate.document if candidate.foreign or writer is None else writer.emitted


def _shown(
    number: int, finding: Finding, writers: _Tried, readers: _Tried, labels: tuple[str, str]
) -> Finding:
    for place, candidate in enumerate(finding.candidates):
        reader = readers.get((number, place))
        if reader is None or reader.refusal is None:
            continue
        document = _document(candidate, writers[number, place])
        if document is None:
            continue
        wrote, read = labels if candidate.direction == "backward" else reversed(labels)
        return replace(
            finding,
            document=document,
            refusal=reader.refusal,
            tried=f"written by {wrote}, refused by {read}",
        )
    if finding.candidates and finding.document is None and finding.severity != "info":
        return replace(finding, document=finding.candidates[0].document, tried=_BY_SCHEMAS)
    return finding
