"""A module's own tables: one Alembic migration set that serves every database."""

from pathlib import Path

from sqlalchemy import Connection as SyncConnection

from amphibus.database.store import Store
from amphibus.errors import NewerStore
from amphibus.failpoints import failpoint


def revisions(folder: Path) -> list[str]:
    """The revisions of a migration set, oldest first, read off the names `versions/0001_what.py`."""
    return sorted(path.name.split("_", 1)[0] for path in folder.glob("versions/[0-9]*_*.py"))


async def current(store: Store) -> str | None:
    """The revision that a database is at."""
    table = version_table(store.module)
    if not await store.reader.has_table(table):
        return None
    row = await store.reader.row(f"SELECT version_num FROM {table}")
    return row[0] if row else None


async def upgrade(store: Store, folder: Path) -> None:
    """Brings a database to the newest revision, in one transaction.

    Alembic is only imported when there is work.

    Raises:
        NewerStore: the database is at a revision that this code does not know.
    """
    known = revisions(folder)
    here = await current(store)
    if here is not None and here not in known:
        raise NewerStore(
            f"{store.where} is at revision {here} of module {store.module}",
            f"this code knows {', '.join(known) or 'none'}",
            "install the newer version, or restore a backup: amphibus db restore --from FOLDER",
        )
    if not known or here == known[-1]:
        return
    writer = store.writer
    await store.begin_alone()
    try:
        failpoint("migrate.before")
        await writer.bound.run_sync(_run, store.module, folder)
        if writer.in_transaction:
            await writer.commit()
    except BaseException:
        await writer.roll_back()
        raise
    failpoint("migrate.after")


def _run(connection: SyncConnection, module: str, folder: Path) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationStep
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    context = EnvironmentContext(
        config,
        scripts,
        fn=lambda revision, _: [
            MigrationStep.upgrade_from_script(scripts.revision_map, each)
            for each in [*scripts.iterate_revisions("heads", revision, implicit_base=True)][::-1]
        ],
        destination_rev="heads",
    )
    # Alembic joins a transaction that is open already, so all steps are one.
    with connection.begin(), context:
        context.configure(
            connection=connection,
            version_table=version_table(module),
            render_as_batch=connection.dialect.name == "sqlite",
        )
        context.run_migrations()


def version_table(module: str) -> str:
    """The name of the table in which Alembic keeps a module's revision."""
    return f"alembic_version_{module}"
