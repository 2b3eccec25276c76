"""`amphibus dead groups`: what dead letters died of, the most frequent cause first."""

from functools import partial
from typing import Any

from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.dead.narrowed import Narrowed
from amphibus.cli.output import moment, plural, rfc3339, show_columns, show_json, typed, unknown
from amphibus.cli.views import look
from amphibus.messages.contracts.amphibus.acting import Condition, DeadGroup
from amphibus.messages.contracts.amphibus.v1 import GroupDead

Found = list[tuple[str, DeadGroup]]
"""Groups with their modules."""


def groups(
    module: str | None = None,
    /,
    *,
    narrowed: Narrowed | None = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Count dead letters by what they died of: exception, last own line of code, type and module.

    Example: amphibus dead groups payments --since 2h

    Args:
        module: Only this module.
    """
    narrowed = narrowed or Narrowed()
    where = narrowed.conditions
    found, total = look(data_dir, db, partial(groups_of, module or narrowed.module, where))
    if as_json:
        show_json([_facts(*each) for each in found])
        return
    if not found:
        print("no dead messages")
        return
    show_groups(found)
    print(
        typed(f"\n{plural(total, 'dead message')}; next: amphibus dead retry --where group=GROUP")
    )


async def groups_of(
    module: str | None, where: tuple[Condition, ...], views: Views
) -> tuple[Found, int]:
    """Returns the groups of the letters that meet conditions, the largest first, and how many these are."""
    if module is not None and module not in views:
        raise unknown("database of module", module, views, "amphibus db status")
    found: Found = []
    total = 0
    for name, view in views.items():
        if module in (None, name):
            page = await view.ask(GroupDead(where=where))
            found += [(name, each) for each in page.groups]
            total += page.total
    return sorted(found, key=lambda each: (-each[1].count, each[0], each[1].group)), total


def show_groups(found: Found) -> None:
    """Prints groups as a table."""
    rows = [
        (
            each.group or "-",
            module,
            each.type,
            each.exception or "-",
            each.frame or "-",
            f"{each.count:,}",
            moment(each.first),
            moment(each.last),
        )
        for module, each in found
    ]
    show_columns(("GROUP", "MODULE", "TYPE", "EXCEPTION", "AT", "COUNT", "FIRST", "LAST"), rows)


def _facts(module: str, each: DeadGroup) -> dict[str, Any]:
    times = {"first": rfc3339(each.first), "last": rfc3339(each.last)}
    return {"module": module} | each.model_dump() | times
