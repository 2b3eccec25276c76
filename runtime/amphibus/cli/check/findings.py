"""The findings of contracts as people read them, and as a forge shows them beside the lines of a change."""

import inspect
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from amphibus.cli.output import GREEN, RED, YELLOW, paint, printable

if TYPE_CHECKING:
    from amphibus.contract import Message
    from amphibus.evolution.check import Report
    from amphibus.evolution.findings import Finding
    from amphibus.routing.project import Project

_COLOURS: Final = {"error": RED, "warning": YELLOW, "info": GREEN}
_NAMES: Final = {"error": "error", "warning": "warning", "info": "notice"}
_LONGEST: Final = 2_000


def lines_of(finding: "Finding") -> Iterator[str]:
    """The lines that tell one finding."""
    place = f" {finding.where}" if finding.where else ""
    yield f"{finding.contract}{place}: {finding.what} ({finding.rule}, {finding.title})"
    if finding.read_by:
        yield f"  read by   {'; '.join(finding.read_by)}"
    if finding.severity == "info":
        return
    if finding.waived:
        yield f"  approved  {finding.waived}"
        return
    if finding.breaks:
        yield f"  breaks    {', '.join(finding.breaks)}"
    if finding.severity == "error":
        yield from _shown(finding)
    if finding.instead:
        yield f"  instead   {finding.instead}"


def _shown(finding: "Finding") -> Iterator[str]:
    """The document, and exactly what was tried with it."""
    if finding.document is not None:
        yield f"  {'on paper' if finding.on_paper else 'shown by'}  {_json(finding.document)}"
    said = [each for each in (finding.tried or finding.on_paper, finding.refusal) if each]
    if said:
        yield f"            {': '.join(said)}"
    if finding.becomes is not None:
        yield f"  becomes   {_json(finding.becomes)}"


def text_of(finding: "Finding") -> str:
    """The finding as it is printed."""
    word = "approved" if finding.waived else finding.severity
    head, *rest = map(printable, lines_of(finding))
    painted = paint(f"{word:8}", GREEN if finding.waived else _COLOURS[finding.severity])
    return "\n".join((f"{painted}  {head}", *rest))


def problem_of(finding: "Finding") -> str:
    """The finding as one of the problems of `amphibus check`."""
    return "\n".join(lines_of(finding))


def annotations(project: "Project", report: "Report") -> Iterator[str]:
    """The findings as commands of a GitHub workflow, which shows them beside the contracts."""
    for each in report.findings:
        level = "notice" if each.waived else _NAMES[each.severity]
        title = f"{each.rule} {each.title}"
        yield annotation(project, each.contract, level, title, problem_of(each))
    yield from map(problem_annotation, (*report.problems, *report.idle))


def problem_annotation(text: str) -> str:
    """One command of a workflow: a text that is about no class."""
    return f"::error title=contracts::{_data(text)}"


def annotation(project: "Project", type_: str, level: str, title: str, text: str) -> str:
    """One command of a workflow: a text beside the class of a contract."""
    place = _place(project.contracts.get(type_), type_)
    return f"::{level} {place},title={_property(title)}::{_data(text)}"


def _place(contract: "type[Message] | None", type_: str) -> str:
    owner, _, version = type_.split(".")
    line = 1
    if contract is not None:
        try:
            line = inspect.getsourcelines(contract)[1]
        except (OSError, TypeError):
            pass
    return f"file={_property(f'contracts/{owner}/{version}.py')},line={line}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _json(document: object) -> str:
    text = json.dumps(document, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
