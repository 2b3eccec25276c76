"""`amphibus db` for a database server: roles and schemas of the modules, and their contents."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import GREEN, CommandError, Exit, paint, plural
from amphibus.cli.places import known_names

if TYPE_CHECKING:
    from amphibus.config.settings import Settings

_FILE = "db-roles.json"
WORD_ON_QUEUES = (
    "the broker's queues may hold messages from after the backup, which are handled as new ones;"
    " whatever of before it is not there is sent again at the next start"
)
_MIGRATIONS = "_migrations"
"""A name that no module can have."""


def create(
    *,
    db: options.Db = None,
    roles: Annotated[
        Path | None,
        Parameter(
            help="File of the roles' passwords; db-roles.json in the data folder by default."
        ),
    ] = None,
    urls: Path | None = None,
    migrations_apart: bool = False,
    dry_run: options.DryRun = False,
) -> None:
    """Create the database, a schema for each module, and a role that reaches that schema alone.

    Existing ones are brought to the same state, including tables that another role made.
    Example: amphibus db create --db postgresql://postgres@localhost/shop

    Args:
        urls: Also write each role's URL to <urls>/<module>/db-url, for AMPHIBUS_DB_URL_FILE.
        migrations_apart: Make one more role, which owns all tables and for `db upgrade`; those of the modules then
            only read and write rows. Once made, it stays so.
    """
    from amphibus.admin import server
    from amphibus.cli.passwords import passwords, write_secret

    settings = options.settings(mode="distributed", db_url=db)
    url = url_of(settings)
    modules = options.project().topology().modules
    names = {
        module: f"{settings.app}_{settings.env}_{module}".replace("-", "_") for module in modules
    }
    owner = f"{settings.app}_{settings.env}_{_MIGRATIONS}".replace("-", "_")
    apart = migrations_apart or asyncio.run(server.owns_schemas(url, owner))
    migrations = owner if apart else ""
    lacking = asyncio.run(server.missing(url, names, migrations))
    for each in lacking:
        print(f"{each}  {'would be made (dry run)' if dry_run else 'made'}")
    if dry_run:
        return
    path = roles.absolute() if roles else settings.data_dir / _FILE
    made = names | ({_MIGRATIONS: migrations} if apart else {})
    secrets = passwords(path, made.values())
    asyncio.run(server.create(url, names, secrets, migrations))
    if urls is not None:
        for module, role in made.items():
            secret = server.url_for(url, role, secrets[role])
            write_secret(urls / module / "db-url", secret + "\n")
    print(f"{paint('ok', GREEN)}  {plural(len(made), 'role')}; passwords in {path}")


def backup(settings: "Settings", folder: Path, *, dry_run: bool) -> tuple[list[str], list[Path]]:
    """Copies the schemas of the modules that are there; returns their names and the files."""
    from amphibus.admin import server, server_backup
    from amphibus.admin.backup import new_folder

    url = url_of(settings)
    modules = asyncio.run(server.readable(url, sorted(known_names(options.root()))))
    if dry_run:
        return modules, []
    with new_folder(folder):
        return modules, [server_backup.backup(url, modules, folder)]


def restore(settings: "Settings", folder: Path, *, dry_run: bool) -> None:
    """Puts a backup in place of the modules' schemas, and prints what was done."""
    from amphibus.admin import server_backup

    url, modules = url_of(settings), sorted(known_names(options.root()))
    done = asyncio.run(server_backup.restore(url, folder, modules, dry_run=dry_run))
    for module in done.schemas:
        if dry_run:
            print(f"schema {module}  would be replaced (dry run)")
        else:
            print(f"schema {module}  restored; before: {server_backup.kept(module)}")
    if done.broker:
        print(WORD_ON_QUEUES)


def url_of(settings: "Settings") -> str:
    """Returns the URL of the configured database server.

    Raises:
        CommandError: there is none.
    """
    if settings.db_url is None:
        raise CommandError(
            "no database server is set",
            "SQLite files need no roles",
            "amphibus db create --db postgresql://USER@HOST/DATABASE",
            Exit.USAGE,
        )
    return settings.db_url.get_secret_value()
