"""`amphibus db`: the contents of the modules' databases, upgrades and backups."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from amphibus import failpoints
from amphibus.admin.backup import backup, backup_in, restore
from amphibus.admin.database import sound
from amphibus.admin.under_way import Waits, waits_between
from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.data_folder import present, with_databases
from amphibus.cli.db import server as db_server
from amphibus.cli.output import plural, show_columns, show_json, typed
from amphibus.cli.views import look
from amphibus.clock import SystemClock
from amphibus.messages.contracts.amphibus.answers import StoreCounts
from amphibus.messages.contracts.amphibus.v1 import CountStore


def status(
    *, as_json: options.AsJson = False, data_dir: options.DataDir = None, db: options.Db = None
) -> None:
    """Show how many messages each database holds, and what waits where between two modules.

    AWAITED: so often a receiver has not said yet that it has a message, which is kept until it says so.

    OUTBOX has not left its sender. BROKER has left and has not arrived: it lies at the broker, or was lost with it.
    DELAYED and DEAD wait at the receiver.
    Example: amphibus db status --json
    """
    found, between = look(data_dir, db, partial(_status, _remembered_since(db)))
    if as_json:
        show_json([each | {"waits": _waits_for(each["module"], between)} for each in found])
        return
    show_columns([name.upper() for name in found[0]], [list(each.values()) for each in found])
    if between:
        print()
        show_columns([name.upper() for name in Waits._fields], between)


def upgrade(
    *,
    module: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    dry_run: options.DryRun = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Upgrade the databases to the newest version, while nothing runs; `amphibus run` upgrades SQLite files itself.

    Example: amphibus db upgrade --dry-run

    Args:
        module: Only this module; repeatable. The role of a module reaches no other.
    """
    from amphibus.cli.db.upgrade import upgrade_all

    folder = None if data_dir is None else present(data_dir)
    settings = options.settings(data_dir=folder, db_url=db)
    upgrade_all(options.project(), settings, module, dry_run=dry_run)


def make_backup(
    *,
    to: Path | None = None,
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Copy all databases as they are at one moment; the modules may be running.

    On a server it needs pg_dump and a user who may read all schemas.
    Example: amphibus db backup --to /backups/2026-01-31

    Args:
        to: A new folder; by default backups/<time> in the data folder.
    """
    settings = options.settings(db_url=db)
    source = settings.data_dir if data_dir is None else with_databases(data_dir)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    folder = to.absolute() if to else source / "backups" / stamp
    if data_dir is None and settings.db_url is not None:
        stores, copies = db_server.backup(settings, folder, dry_run=dry_run)
    else:
        paths = sound(source)
        stores, copies = list(paths), [] if dry_run else backup(paths, folder)
    if as_json:
        show_json({"dry_run": dry_run, "folder": folder, "modules": stores})
        return
    for path in copies:
        print(path)
    verb = "would be copied" if dry_run else "copied"
    print(f"{plural(len(stores), 'database')} {verb} to {folder}")
    print(f"back with: {typed('amphibus db restore')} --from {folder}")


def restore_backup(
    *,
    source: Annotated[Path, Parameter(name="--from")],
    dry_run: options.DryRun = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Put a backup in place, while nothing runs; keep the present databases beside it.

    On a server it needs pg_restore and a user who may create schemas.
    Example: amphibus db restore --from /backups/2026-01-31

    Args:
        source: The folder that a backup was made in.
    """
    failpoints.arm()
    settings = options.settings(db_url=db)
    if data_dir is None and settings.db_url is not None:
        db_server.restore(settings, source.absolute(), dry_run=dry_run)
        return
    folder = settings.data_dir if data_dir is None else data_dir.absolute()
    if dry_run:
        copies = backup_in(source.absolute())
        print(f"{', '.join(copies)} would replace those in {folder} (dry run)")
        return
    done = restore(source.absolute(), folder)
    for each in done:
        print(f"{each.path}  restored; before: {each.kept.name if each.kept else 'nothing'}")
    if any(each.broker for each in done):
        print(db_server.WORD_ON_QUEUES)


def _remembered_since(db: str | None) -> int:
    """Returns the time from which on inboxes remember."""
    return SystemClock().now() - options.settings(db_url=db).retention.dedup_window


async def _status(known_since: int, views: Views) -> tuple[list[dict[str, Any]], list[Waits]]:
    """Returns what is in each database, and what waits between modules."""
    found = [_row(module, await view.ask(CountStore())) for module, view in views.items()]
    topology = options.project().topology()
    return found, await waits_between(views, topology, known_since=known_since)


def _row(module: str, counts: StoreCounts) -> dict[str, Any]:
    facts = dict(counts)
    beginning = {
        "module": module,
        "schema": facts.pop("schema_version"),
        "revision": facts.pop("revision"),
        "transport": facts.pop("transport"),
        "bytes": facts.pop("size"),
    }
    return beginning | facts


def _waits_for(module: str, between: list[Waits]) -> list[dict[str, Any]]:
    found = [each._asdict() for each in between if each.receiver == module]
    return [{name: value for name, value in each.items() if name != "receiver"} for each in found]
