"""Brings each module's database to the newest version of its tables: the runtime's and the module's own."""

import asyncio
import sqlite3
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from amphibus import failpoints
from amphibus.cli.output import check_module, plural, printable

if TYPE_CHECKING:
    from amphibus.config.settings import Settings
    from amphibus.routing.project import Project


@dataclass(frozen=True)
class _Versions:
    """The versions of a database: the runtime's tables by number, 0 if there are none; the module's by revision."""

    runtime: int
    module: str


class _Step(NamedTuple):
    """One database's upgrade, in words, and whether there was anything to do."""

    text: str
    needed: bool


def upgrade_all(
    project: "Project", settings: "Settings", only: tuple[str, ...] = (), *, dry_run: bool
) -> None:
    """Upgrades all databases, or the named ones, one after another, and prints each step.

    Raises:
        StoreInUse: a module is running.
        NewerStore: a newer version wrote one of them.
        StoreError: something else stands in the place of one of them.
    """
    from amphibus.database.sqlite.files import refuse_others_databases

    for name in only:
        check_module(name, project.modules)
    modules = only or tuple(project.modules)
    if settings.db_url is None:
        refuse_others_databases(modules, settings.data_dir)
    failpoints.arm()
    with _explained(settings):
        width = max(map(len, modules))
        steps = 0
        for module in modules:
            step = asyncio.run(_upgrade(project, settings, module, dry_run=dry_run))
            print(f"{module:<{width}}  {printable(step.text)}")
            steps += step.needed
    if not steps:
        print(f"nothing to do: {plural(len(modules), 'database')} at the newest version")


def _explained(settings: "Settings") -> AbstractContextManager[None]:
    if settings.db_url is None:
        return nullcontext()
    from amphibus.admin.server import explained

    return explained(settings.db_url.get_secret_value())


async def _upgrade(
    project: "Project", settings: "Settings", module: str, *, dry_run: bool
) -> "_Step":
    from amphibus.database.migrations import revisions, upgrade
    from amphibus.database.schema.steps import SCHEMA_VERSION
    from amphibus.host.stores import open_store

    folder = project.root / "modules" / module / "migrations"
    newest = _Versions(SCHEMA_VERSION, (revisions(folder) or ["-"])[-1])
    before = await _versions(settings, module)
    if not dry_run:
        store = open_store(module, settings)
        await store.open(lambda opened: upgrade(opened, folder), upgrade=True)
        await store.close()
        if settings.db_url is not None:
            await _hand_over(settings.db_url.get_secret_value(), module)
    return _Step(_step(before, newest, dry_run=dry_run), needed=before != newest)


def _step(before: _Versions, newest: _Versions, *, dry_run: bool) -> str:
    if before == newest:
        return f"is at {newest.module}"
    if not before.runtime:
        return f"would be made at {newest.module}" if dry_run else f"- -> {newest.module}"
    steps = []
    if before.runtime != newest.runtime:
        steps.append(f"tables of Amphibus {before.runtime} -> {newest.runtime}")
    if before.module != newest.module:
        steps.append(f"{before.module} -> {newest.module}")
    return ", ".join(steps) + (" (dry run)" if dry_run else "")


async def _versions(settings: "Settings", module: str) -> _Versions:
    """Returns the versions of a database, read without changing it.

    Raises:
        NewerStore: a newer version wrote it.
    """
    if settings.db_url is None:
        return _versions_of_file(settings.data_dir / f"{module}.db", module)
    from amphibus.admin.server import connected
    from amphibus.database.facts import facts_of_schema
    from amphibus.database.migrations import version_table
    from amphibus.database.schema.steps import check_owner, version_of

    async with connected(settings.db_url.get_secret_value()) as connection:
        facts = await facts_of_schema(connection, module)
        if not facts:
            return _Versions(0, "-")
        check_owner(facts, module, f"schema {module}")
        table = f'"{module}".{version_table(module)}'
        revision = None
        if await connection.fetchval("SELECT to_regclass($1)", table):
            revision = await connection.fetchval(f"SELECT version_num FROM {table}")
        return _Versions(version_of(facts), revision or "-")


def _versions_of_file(path: Path, module: str) -> _Versions:
    if not path.exists():
        return _Versions(0, "-")
    from amphibus.admin.database import opened
    from amphibus.database.facts import facts_of_file
    from amphibus.database.migrations import version_table
    from amphibus.database.schema.steps import check_owner, version_of

    with opened(path, "ro") as connection:
        found = facts_of_file(connection)
        if not found:
            return _Versions(0, "-")
        check_owner(found, module, str(path))
        try:
            row = connection.execute(f"SELECT version_num FROM {version_table(module)}").fetchone()
        except sqlite3.OperationalError:
            row = None
        return _Versions(version_of(found), row[0] if row else "-")


async def _hand_over(url: str, module: str) -> None:
    """Gives the administrator's new tables to the module's role, else the module could not use them."""
    from amphibus.admin.server import connected, hand_over

    async with connected(url) as connection:
        await hand_over(connection, module)
