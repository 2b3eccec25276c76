"""Checks that a module's migrations make the tables that its models declare."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData

from amphibus.telemetry.privacy import describe


def differences(module: str, tables: MetaData, migrations: Path) -> list[str]:
    """Returns the differences between an empty database after all migrations and the models."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = asyncio.run(_migrated(module, migrations, Path(folder)))
        except Exception as error:  # noqa: BLE001 - a migration is a program, and may fail in any way
            return [f"they cannot be applied: {describe(error)}"]
        return _differences(path, tables)


async def _migrated(module: str, migrations: Path, folder: Path) -> Path:
    from amphibus.database.migrations import upgrade
    from amphibus.database.sqlite.store import SqliteStore

    store = SqliteStore(module, folder)
    await store.open(lambda opened: upgrade(opened, migrations))
    await store.close()
    return store.path


def _differences(path: Path, tables: MetaData) -> list[str]:
    import sqlalchemy as sa
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), poolclass=sa.NullPool)
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": _only(tables)}
        context = MigrationContext.configure(connection, opts=options)
        return [_words(each) for each in compare_metadata(context, tables)]


def _only(tables: MetaData) -> Any:
    def include(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or name in tables.tables

    return include


def _words(difference: Any) -> str:
    if isinstance(difference, list):
        difference = difference[0]
    verb, *parts = difference
    names = [getattr(each, "name", each) for each in parts if each is not None]
    return f"{str(verb).replace('_', ' ')} {' '.join(str(name) for name in names if name)}"
