"""`amphibus audit`: who did what to the stores of modules, when and why."""

from functools import partial
from typing import Any

from amphibus.admin.views import View, Views
from amphibus.cli import options
from amphibus.cli.output import (
    CommandError,
    Exit,
    moment,
    plural,
    printable,
    rfc3339,
    show_columns,
    show_json,
    typed,
    unknown,
)
from amphibus.cli.views import look
from amphibus.database.acting.audit import Act, hash_over
from amphibus.messages.contracts.amphibus.acting import AuditEntry
from amphibus.messages.contracts.amphibus.v1 import MOST_ROWS, ListAudit

_NEWEST = 1 << 62


def list_audit(
    module: str | None = None,
    /,
    *,
    limit: options.Limit = 50,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """List what operators did, newest first: who, when, to what, why, and to how many.

    Example: amphibus audit list payments

    Args:
        module: Only in this module.
        limit: How many to list.
    """
    found = look(data_dir, db, partial(_newest, module, min(limit, MOST_ROWS)))
    if as_json:
        show_json([_facts(*each) for each in found])
        return
    if not found:
        print("nobody did anything")
        return
    rows = [
        (
            moment(each.at),
            name,
            each.who or "-",
            each.what,
            each.object,
            f"{each.count:,}",
            each.reason or "-",
        )
        for name, each in found
    ]
    show_columns(("AT", "MODULE", "WHO", "WHAT", "OBJECT", "COUNT", "REASON"), rows)
    print(
        typed(f"\n{plural(len(rows), 'row')}; amphibus audit verify shows whether any was changed")
    )


def verify(
    *,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> int:
    """Check that no entry of the audit was changed, added between or taken out.

    Example: amphibus audit verify
    """
    found = look(data_dir, db, _verified)
    wrong = {module: problem for module, (_, problem) in found.items() if problem}
    if as_json:
        show_json(
            [
                {"module": module, "entries": count, "problem": problem or None}
                for module, (count, problem) in found.items()
            ]
        )
    else:
        for module, (count, problem) in found.items():
            said = printable(problem) or "as they were written"
            print(f"{module}  {plural(count, 'row')}  {said}")
    if wrong:
        raise CommandError(
            f"the audit of {', '.join(wrong)} was changed",
            "; ".join(f"{module}: {problem}" for module, problem in wrong.items()),
            "amphibus db restore --help",
            Exit.PROBLEMS,
        )
    return Exit.OK


async def _newest(module: str | None, limit: int, views: Views) -> list[tuple[str, AuditEntry]]:
    if module is not None and module not in views:
        raise unknown("database of module", module, views, "amphibus db status")
    found: list[tuple[str, AuditEntry]] = []
    for name, view in views.items():
        if module in (None, name):
            page = await view.ask(ListAudit(before=_NEWEST, limit=limit))
            found += [(name, each) for each in page.entries]
    return sorted(found, key=lambda each: (-each[1].at, each[0], -each[1].number))[:limit]


async def _verified(views: Views) -> dict[str, tuple[int, str]]:
    return {module: await _problem_in(view) for module, view in views.items()}


async def _problem_in(view: View) -> tuple[int, str]:
    """Returns how many entries one module has, and what is wrong with them, if anything is."""
    number, digest = 0, ""
    while True:
        page = await view.ask(ListAudit(beyond=number, limit=MOST_ROWS))
        for each in page.entries:
            if each.number != number + 1:
                return number, f"entry {number + 1} is missing"
            number, digest = each.number, hash_over(digest, each.number, _act(each))
            if digest != each.hash:
                return number, f"entry {number} is not as it was written"
        if len(page.entries) < MOST_ROWS:
            break
    if (number, digest) != (page.last, page.last_hash):
        return number, f"entries end at {number}, and there were {page.last}"
    return number, ""


def _act(entry: AuditEntry) -> Act:
    facts: dict[str, Any] = entry.model_dump(exclude={"number", "hash"})
    return Act(times=facts.pop("count"), **facts)


def _facts(module: str, entry: AuditEntry) -> dict[str, Any]:
    return {"module": module} | entry.model_dump() | {"at": rfc3339(entry.at)}
