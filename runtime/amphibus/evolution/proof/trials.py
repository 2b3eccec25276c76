"""The trial of documents: what one version writes is given to the other, before it is shown to anybody."""

from collections.abc import Sequence
from dataclasses import replace

from amphibus.evolution.differences.changes import written
from amphibus.evolution.findings import Candidate, Finding
from amphibus.evolution.proof.sides import Question, Side, Trial

_Tried = dict[tuple[int, int], Trial]


def with_documents(findings: Sequence[Finding], old: Side, new: Side) -> list[Finding]:
    """Returns the findings, each with the first document that one side writes and the other refuses or cuts."""
    backward = _candidates(findings, "backward")
    forward = _candidates(findings, "forward")
    writers = _tried(backward, findings, old, {})
    writers |= _tried(forward, findings, new, {})
    readers = _tried(backward, findings, new, writers)
    readers |= _tried(forward, findings, old, writers)
    return [
        _shown(number, each, writers, readers, (old, new)) for number, each in enumerate(findings)
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
            over_http=bool(writers) and candidates[place].over_http,
        )
        for place in places
    ]
    return dict(zip(places, side.judge(questions), strict=True))


def _document(candidate: Candidate, writer: Trial | None) -> object:
    return candidate.document if candidate.foreign or writer is None else writer.emitted


def _shown(
    number: int, finding: Finding, writers: _Tried, readers: _Tried, sides: tuple[Side, Side]
) -> Finding:
    """The finding with the document that a class has refused; without one, with what is known of the first."""
    known: list[Finding] = []
    for place, candidate in enumerate(finding.candidates):
        writer, reader = writers.get((number, place)), readers.get((number, place))
        if writer is None:
            continue
        pair = sides if candidate.direction == "backward" else (sides[1], sides[0])
        found = _judged(finding, candidate, (writer, reader), pair)
        if found.tried:
            return found
        known.append(found)
    # What a schema refuses says more than what nobody does.
    return min(known, key=lambda each: not each.refusal, default=finding)


def _judged(
    finding: Finding,
    candidate: Candidate,
    trials: tuple[Trial, Trial | None],
    sides: tuple[Side, Side],
) -> Finding:
    writer, reader = trials
    wrote, read = (each.label for each in sides)
    document = _document(candidate, writer)
    if reader is None or document is None:
        said = f"{wrote} would not write it: {writer.refusal or 'it is not what they write'}"
        return replace(finding, document=candidate.document, on_paper=said)
    outcome, refusal, shows = _outcome(candidate, document, reader)
    gateway = "the gateway with " if candidate.over_http else ""
    said = f"written by {wrote}, {outcome} {gateway}{read}"
    shown = replace(finding, document=document, refusal=refusal)
    if not shows or not sides[1].runs:
        return replace(shown, on_paper=said)
    return replace(shown, tried=said, becomes=reader.emitted if reader.refusal is None else None)


def _outcome(candidate: Candidate, document: object, reader: Trial) -> tuple[str, str, bool]:
    """Returns the fate of a document, why, and whether that shows the break."""
    loss = candidate.loss
    if loss is None:
        taken = reader.refusal is None
        return "taken by" if taken else "refused by", reader.refusal or "", not taken
    if reader.refusal is not None:
        return "refused for another change by", reader.refusal, False
    lost = loss.happened(document, reader.emitted)
    return "taken by", f"{written(loss.at)} is lost" if lost else "", lost
