"""`amphibus contracts check`: the contracts as they are, beside what was released."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import (
    GREEN,
    CommandError,
    Exit,
    paint,
    plural,
    printable,
    printable_lines,
    show_json,
)

if TYPE_CHECKING:
    from amphibus.evolution.check import Report
    from amphibus.routing.project import Project

Format: TypeAlias = Literal["text", "github"]


def check(
    *,
    against: Annotated[str | None, Parameter(help="A git revision, such as main.")] = None,
    released: Annotated[
        bool, Parameter(negative="", help="Every form that the locks know, not only the last one.")
    ] = False,
    as_json: options.AsJson = False,
    format_: Annotated[
        Format, Parameter(name="--format", help="text, or github for annotations.")
    ] = "text",
) -> int:
    """Compare the contracts with what was released, and show what each change breaks.

    Without an option they are compared with the last form of each that its lock holds. A break is
    shown by a document that one version writes and the other refuses. Changes are approved in
    contracts/waivers.toml, each with a rule, a contract, a reason and the day on which it ends.
    Example: amphibus contracts check --against=main --format=github
    """
    if against is not None and released:
        raise CommandError(
            "--against and --released are two answers to one question",
            "the contracts are compared with one revision, or with everything in the locks",
            "amphibus contracts check --released",
            Exit.USAGE,
        )
    project = options.project()
    report = report_of(project, against=against, released=released)
    if as_json:
        show_json(as_data(report))
    elif format_ == "github":
        _annotate(project, report)
    else:
        _tell(project, report)
    return Exit.PROBLEMS if report.errors or report.problems or report.idle else Exit.OK


def report_of(
    project: "Project", *, against: str | None = None, released: bool = False
) -> "Report":
    """Returns what a check of the project's contracts finds."""
    from amphibus.evolution.check import check_contracts

    return check_contracts(
        project,
        options.settings(mode="distributed").producers,
        today=datetime.now(UTC).date(),
        against=against,
        released=released,
    )


def as_data(report: "Report") -> dict[str, Any]:
    """Returns a report for programs."""
    return {
        "findings": [each.as_json() for each in report.findings],
        "problems": list(report.problems),
        "idle_waivers": list(report.idle),
        "order": [
            {"first": each.first, "then": list(each.then), "why": each.why} for each in report.order
        ],
        "no_order": report.cycle or None,
    }


def _annotate(project: "Project", report: "Report") -> None:
    from amphibus.cli.check.findings import annotations

    for line in annotations(project, report):
        print(printable(line))


def _tell(project: "Project", report: "Report") -> None:
    from amphibus.cli.check.findings import text_of

    for each in report.findings:
        print(text_of(each))
    for problem in (*report.problems, *report.idle):
        print(f"problem   {printable_lines(problem)}")
    for order in report.order:
        print(f"deploy    {printable(str(order))}")
    if report.cycle:
        print(f"deploy    {printable(report.cycle)}")
    if report.errors:
        from amphibus.evolution.lock import path_of

        files = " ".join(sorted({str(path_of(each.contract)) for each in report.errors}))
        print(f"\nwas it never released?  git checkout main -- {files} && amphibus check --fix")
    errors = len(report.errors) + len(report.problems) + len(report.idle)
    notes = len(report.warnings)
    if errors:
        print(f"\n{plural(errors, 'problem')} found")
    else:
        more = (
            f"; {plural(notes, 'change')} to be approved in contracts/waivers.toml" if notes else ""
        )
        print(f"{paint('ok', GREEN)}  {plural(len(project.contracts), 'contract')}{more}")
