"""`amphibus db`: the contents of the modules' databases, upgrades and backups."""

import asyncio
import sqlite3
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from amphibus.admin.backup import backup, backup_in, restore
from amphibus.admin.database import reading, sound
from amphibus.admin.under_way import Waits, waits_between
from amphibus.cli import options
from amphibus.cli.data_folder import present, with_databases
from amphibus.cli.db import server as db_server
from amphibus.cli.output import plural, show_columns, show_json, typed
from amphibus.clock import SystemClock


def status(
    *, as_json: options.AsJson = False, data_dir: options.DataDir = None, db: options.Db = None
) -> None:
    """Show how many messages each database holds, and what waits where between two modules.

    AWAITED: so often a receiver has not said yet that it has a message, which is kept until it says so.

    OUTBOX has not left its sender. BROKER has left and has not arrived: it lies at the broker, or was lost with it.
    DELAYED and DEAD wait at the receiver. Example: amphibus db status --json
    """
    settings = options.settings(db_url=db)
    if data_dir is None and settings.db_url is not None:
        found = db_server.status(settings)
    else:
        folder = options.data_dir(data_dir)
        found = [_status(module, path) for module, path in sound(folder).items()]
    between = _between(data_dir, db)
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

    Args:
        source: The folder that a backup was made in.
    """
    settings = options.settings(db_url=db)
    if data_dir is None and settings.db_url is not None:
        db_server.restore(settings, source.absolute(), dry_run=dry_run)
        return
    folder = settings.data_dir if data_dir is None else data_dir.absolute()
    if dry_run:
        copies = backup_in(source.absolute())
        print(f"{', '.join(copies)} would replace those in {folder} (dry run)")
        return
    for path in restore(source.absolute(), folder):
        print(f"{path}  restored; before: {path.name}.before-restore")


def _between(data_dir: Path | None, db: str | None) -> list[Waits]:
    """Counts what waits between the modules whose databases can be read."""
    stores, topology = options.stores(data_dir, db), options.project().topology()
    remembered = options.settings(db_url=db).retention.dedup_window
    known_since = SystemClock().now() - remembered

    async def read() -> list[Waits]:
        async with AsyncExitStack() as stack:
            opened = {
                name: await stack.enter_async_context(each.reading())
                for name, each in stores.items()
            }
            return await waits_between(opened, topology, known_since=known_since)

    return asyncio.run(read())


def _waits_for(module: str, between: list[Waits]) -> list[dict[str, Any]]:
    found = [each._asdict() for each in between if each.receiver == module]
    return [{name: value for name, value in each.items() if name != "receiver"} for each in found]


def _status(module: str, path: Path) -> dict[str, Any]:
    from amphibus.database.counts import held_counts
    from amphibus.database.facts import facts_of_file
    from amphibus.database.sqlite.sql import SqliteSql

    with reading(path) as connection:
        counts = asyncio.run(held_counts(SqliteSql(connection)))
        known = facts_of_file(connection)
        revision = _revision(connection, module)
    size = sum(each.stat().st_size for each in path.parent.glob(f"{module}.db*") if each.is_file())
    return {
        "module": module,
        "schema": int(known["schema_version"]),
        "revision": revision or "-",
        "transport": known.get("transport", "-"),
        "bytes": size,
        **counts._asdict(),
    }


def _revision(connection: sqlite3.Connection, module: str) -> str | None:
    table = f"alembic_version_{module}"
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
        return None
    statement = f'SELECT version_num FROM "{table}"'
    row = connection.execute(statement).fetchone()
    return row[0] if row else None
