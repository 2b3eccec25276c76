"""`amphibus config history`: who set what while the system ran, when and why."""

import asyncio

from amphibus.cli import options
from amphibus.cli.configure.kept import as_typed, control_of
from amphibus.cli.output import moment, rfc3339, show_columns, show_json
from amphibus.cli.views import settings_of
from amphibus.database.control.revisions import Revision


def history(
    key: str | None = None,
    *,
    limit: options.Limit = 20,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """List the changes of settings while the system ran, newest first.

    Example: amphibus config history bus.window

    Args:
        key: Only this setting.
        limit: How many to list.
    """
    settings = settings_of(data_dir, db)

    async def kept() -> list[Revision]:
        return await control_of(settings).revisions(limit if key is None else 1_000_000)

    found = [each for each in asyncio.run(kept()) if key is None or key in each.changes][:limit]
    if as_json:
        show_json([_facts(each, key) for each in found])
        return
    if not found:
        print("nothing was set while the system ran")
        return
    show_columns(
        ("REVISION", "TIME", "WHO", "SETTING", "FROM", "TO", "WHY"),
        [
            (
                each.revision,
                moment(each.at),
                each.who,
                name,
                as_typed(before),
                as_typed(after),
                each.why or "-",
            )
            for each in found
            for name, (before, after) in each.changes.items()
            if key in (None, name)
        ],
    )


def _facts(each: Revision, key: str | None) -> dict[str, object]:
    return {
        "revision": each.revision,
        "time": rfc3339(each.at),
        "who": each.who,
        "why": each.why,
        "changes": {
            name: {"from": before, "to": after}
            for name, (before, after) in each.changes.items()
            if key in (None, name)
        },
    }
