"""Brings each module's database to the newest version of its tables."""

import asyncio
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from amphibus.cli.output import CommandError, Exit

if TYPE_CHECKING:
    from amphibus.config.settings import Settings
    from amphibus.routing.project import Project


def upgrade_all(
    project: "Project", settings: "Settings", only: tuple[str, ...] = (), *, dry_run: bool
) -> None:
    """Upgrades all of them, or those that are named, one after another, and says from where to where.

    Raises:
        StoreInUse: a module is running.
        NewerStore: a newer version wrote one of them.
    """
    unknown = [name for name in only if name not in project.modules]
    if unknown:
        raise CommandError(
            f"no module {', '.join(unknown)}",
            f"there are {', '.join(project.modules)}",
            "amphibus modules",
            Exit.USAGE,
        )
    modules = only or tuple(project.modules)
    with _explained(settings):
        asyncio.run(_upgrade_all(project, settings, modules, dry_run=dry_run))


def _explained(settings: "Settings") -> AbstractContextManager[None]:
    if settings.db_url is None:
        return nullcontext()
    from amphibus.admin.server import explained

    return explained(settings.db_url.get_secret_value())


async def _upgrade_all(
    project: "Project", settings: "Settings", modules: tuple[str, ...], *, dry_run: bool
) -> None:
    from amphibus.database.migrations import current, revisions, upgrade
    from amphibus.host.module_host import open_database

    for module in modules:
        folder = project.root / "modules" / module / "migrations"
        known = revisions(folder)
        newest = known[-1] if known else "-"
        if dry_run and not await _is_made(settings, module):
            print(f"{module}  would be made at {newest}")
            continue
        store, _ = open_database(module, settings, "memory")
        await store.open()
        try:
            before = await current(store) or "-"
            if not dry_run:
                await upgrade(store, folder)
        finally:
            await store.close()
        if settings.db_url is not None and not dry_run:
            await _hand_over(settings.db_url.get_secret_value(), module)
        step = f"is at {newest}" if before == newest else f"{before} -> {newest}"
        print(f"{module}  {step}" + (" (dry run)" if dry_run and before != newest else ""))


async def _is_made(settings: "Settings", module: str) -> bool:
    if settings.db_url is None:
        return (settings.data_dir / f"{module}.db").exists()
    from amphibus.admin.server import connected

    async with connected(settings.db_url.get_secret_value()) as connection:
        found = await connection.fetchval("SELECT to_regclass($1)", f'"{module}".amphibus_meta')
        return found is not None


async def _hand_over(url: str, module: str) -> None:
    """What an administrator has made belongs to the module's role, else the module could not use it."""
    from amphibus.admin.server import connected, hand_over

    async with connected(url) as connection:
        await hand_over(connection, module)
