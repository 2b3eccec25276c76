"""`amphibus privacy`: what all modules keep of one person, and how it is erased."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from cyclopts import Parameter

from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.operator import Reason, Who, operator, reasoned
from amphibus.cli.output import (
    CommandError,
    Exit,
    plural,
    printable,
    show_columns,
    show_json,
    typed,
)
from amphibus.cli.privacy.person import Counts, Traces, search
from amphibus.cli.privacy.person import erase as erase_person
from amphibus.cli.views import Acts, look_and_act
from amphibus.contract.texts import wrong_in
from amphibus.messages.contracts.amphibus.acting import Operator

Subject = Annotated[
    str,
    Parameter(
        name="--subject",
        help="The person as contracts name it: a customer's number, or an address.",
    ),
]
_SHORTEST = 3
_LONGEST = 255
Erased = tuple[str | None, dict[str, Counts]]


def export(
    *,
    subject: Subject,
    reason: Reason = "",
    who: Who = None,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Print what all modules keep of a person, as JSON.

    The audit of each module notes that somebody looked. Mails that lie outside of databases are not printed.
    Example: amphibus privacy export --subject C-1001
    """
    work = partial(_found, _checked(subject), reasoned(reason), operator(who))
    show_json(look_and_act(data_dir, db, work).as_json())


def erase(
    *,
    subject: Subject,
    dry_run: options.DryRun = False,
    reason: Reason = "",
    who: Who = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> int:
    """Replace what is personal of one person in the stores of all modules, while they run or at rest.

    Messages and rows stay with their ids, keys and sums; names, addresses and the like are replaced. What is under
    way stays until it is done: type the command again then, or after it was broken off.
    Example: amphibus privacy erase --subject C-1001 --dry-run
    """
    work = partial(_erased, _checked(subject), dry_run, reasoned(reason), operator(who))
    name, counts = look_and_act(data_dir, db, work)
    waits = sum(each.under_way for each in counts.values())
    if as_json:
        show_json(_facts(name, counts))
    else:
        _show(name, counts)
    return Exit.OK if dry_run or not waits else Exit.PROBLEMS


async def _found(subject: str, reason: str, by: Operator, views: Views, acts: Acts) -> Traces:
    return await search(acts, list(views), subject, reason, by)


async def _erased(
    subject: str, dry_run: bool, reason: str, by: Operator, views: Views, acts: Acts
) -> Erased:
    traces = await search(acts, list(views), subject, reason, by)
    if dry_run:
        return None, traces.counts()
    return await erase_person(acts, traces, reason, by)


def _checked(subject: str) -> str:
    """Returns the subject.

    Raises:
        CommandError: it tells nobody.
    """
    wrong = wrong_in(subject, _LONGEST) or (
        "is too short to tell anybody" if len(subject) < _SHORTEST else None
    )
    if wrong:
        raise CommandError(
            f"--subject {wrong}",
            "it is a text that tells one person, as contracts name it",
            "amphibus privacy export --subject C-1001",
            Exit.USAGE,
        )
    return subject


def _show(name: str | None, counts: Mapping[str, Counts]) -> None:
    rows = [
        (
            module,
            f"{each.messages:,}",
            f"{each.rows:,}",
            "?" if name is None else f"{each.elsewhere:,}",
            f"{each.under_way:,}",
        )
        for module, each in counts.items()
    ]
    show_columns(("MODULE", "MESSAGES", "ROWS", "ELSEWHERE", "UNDER WAY"), rows)
    print(f"\n{_outcome(name, counts)}")
    for line in _stays(counts):
        print(f"stays  {printable(typed(line))}")


def _outcome(name: str | None, counts: Mapping[str, Counts]) -> str:
    messages = sum(each.messages for each in counts.values())
    rows = sum(each.rows for each in counts.values())
    what = f"{plural(messages, 'message')} and {plural(rows, 'row')}"
    if name is None:
        return f"{what} would be erased (dry run: nothing was changed)"
    return f"{what} erased; the person is {name} now"


def _stays(counts: Mapping[str, Counts]) -> list[str]:
    """Lines that say what stays, and why."""
    lines = [
        f"{module}, table {each.table.__table__.name}: {each.stays}"  # type: ignore[attr-defined]
        for module, page in options.project().modules.items()
        for each in page.personal
        if module in counts and each.stays
    ]
    lines += [
        f"{module}, audit: {plural(each.audited, 'row')}: they prove who did what"
        for module, each in counts.items()
        if each.audited
    ]
    lines += [
        f"{module}: {each.under_way:,} under way, until they are done: amphibus privacy erase again then"
        for module, each in counts.items()
        if each.under_way
    ]
    lines += [
        f"{module}: old pages that somebody reads: amphibus privacy erase once more"
        for module, each in counts.items()
        if not each.whole
    ]
    return [*lines, "backups, and what was sent to others, such as mails that have left"]


def _facts(name: str | None, counts: Mapping[str, Counts]) -> dict[str, Any]:
    return {
        "dry_run": name is None,
        "replacement": name,
        "modules": {
            module: {
                "messages": each.messages,
                "rows": each.rows,
                "elsewhere": None if name is None else each.elsewhere,
                "under_way": each.under_way,
                "audited": each.audited,
            }
            for module, each in counts.items()
        },
        "stays": _stays(counts),
    }
