"""`amphibus config set`, `unset` and `rollback`: changes settings in all processes while they run, or in none."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from amphibus import failpoints
from amphibus.cli import options
from amphibus.cli.configure.agree import Agreed, Wanted, agree
from amphibus.cli.configure.kept import as_typed, check_name, control_of, live_settings
from amphibus.cli.output import CommandError, Exit, show_json, typed
from amphibus.cli.views import settings_of
from amphibus.config.live import LiveSettings
from amphibus.config.proposal import Values, value_of
from amphibus.database.control.revisions import Revision

Reason = Annotated[str, Parameter(help="Why, for those who look at the history.")]
_MOST: Final = 1_000_000


def set_value(
    key: str,
    value: Annotated[str, Parameter(allow_leading_hyphen=True)],
    *,
    reason: Reason = "",
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Set a setting in all processes while they run: every one is asked first, and it holds everywhere or nowhere.

    It outlives restarts, and goes before files, the environment and flags. What may be set so says `config explain`.
    Example: amphibus config set bus.window 64 --reason "the broker is slow"

    Args:
        key: The setting, such as bus.window, log_levels.payments or modules.payments.accepts.
        value: Its value.
    """

    def make(live: LiveSettings, base: Revision) -> Values:
        check_name(key, live)
        return {**base.settings, key: value_of(key, value, live.known)}

    _change(make, reason, data_dir, db, dry_run=dry_run, as_json=as_json)


def unset(
    key: str,
    *,
    reason: Reason = "",
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Let a setting have the value again that files, the environment and flags give it.

    Example: amphibus config unset bus.window

    Args:
        key: The setting.
    """

    def make(_live: LiveSettings, base: Revision) -> Values:
        if key not in base.settings:
            raise CommandError(
                f"{key} was not set while the system ran",
                f"set are {', '.join(base.settings) or 'none'}",
                f"amphibus config explain {key}",
                Exit.USAGE,
            )
        return {name: value for name, value in base.settings.items() if name != key}

    _change(make, reason, data_dir, db, dry_run=dry_run, as_json=as_json)


def rollback(
    revision: int,
    *,
    reason: Reason = "",
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Set everything again as it was at a revision, as a new revision; 0 is before the first.

    Example: amphibus config rollback 3 --reason "it did not help"

    Args:
        revision: Its number in `config history`.
    """
    settings = settings_of(data_dir, db)

    async def kept() -> list[Revision]:
        return await control_of(settings).revisions(_MOST)

    known = {each.revision: each.settings for each in asyncio.run(kept())} | {0: {}}
    if revision not in known:
        raise CommandError(
            f"there is no revision {revision}",
            f"there are {', '.join(map(str, sorted(known)))}",
            "amphibus config history",
            Exit.USAGE,
        )
    _change(
        lambda _live, _base: known[revision], reason, data_dir, db, dry_run=dry_run, as_json=as_json
    )


def _change(
    make: Any, reason: str, given: Path | None, db: str | None, *, dry_run: bool, as_json: bool
) -> None:
    failpoints.arm()
    settings = settings_of(given, db)
    live = live_settings(settings)

    async def made(base: Revision) -> Values:
        values: Values = make(live, base)
        return values

    agreed = asyncio.run(agree(settings, live, Wanted(made, reason[:200], dry_run)))
    if as_json:
        show_json(None if agreed is None else _facts(agreed, dry_run=dry_run))
    elif agreed is None:
        print("it is so already; nothing was changed")
    else:
        _tell(agreed, dry_run=dry_run)


def _facts(agreed: Agreed, *, dry_run: bool) -> dict[str, Any]:
    revision = agreed.revision
    return {
        "dry_run": dry_run,
        "revision": revision.revision,
        "changes": {key: {"from": a, "to": b} for key, (a, b) in revision.changes.items()},
        "in_force": agreed.took,
        "later": agreed.later,
    }


def _tell(agreed: Agreed, *, dry_run: bool) -> None:
    revision = agreed.revision
    for key, (before, after) in revision.changes.items():
        print(f"{key}  {as_typed(before)} -> {as_typed(after)}")
    if dry_run:
        print("nothing was changed (dry run)")
        return
    for process, why in agreed.later.items():
        print(f"note  {process} takes it in later: {why}", file=sys.stderr)
    everybody = len(agreed.took) + len(agreed.later)
    where = (
        f"in force in {len(agreed.took)} of {everybody} running"
        if everybody
        else "at the next start"
    )
    print(f"revision {revision.revision}  {where}")
    print(typed(f"next: amphibus config rollback {revision.previous}"))
