"""Copies of the modules' schemas as they were at one moment, and back, by PostgreSQL's own programs."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from amphibus.admin.backup import refuse_unfinished
from amphibus.admin.server import connected
from amphibus.database.control.server import SCHEMA as CONTROL
from amphibus.database.facts import disown_broker_in_schema
from amphibus.database.postgres.leases import count_alive
from amphibus.database.postgres.restoring import is_there, unfinished
from amphibus.database.postgres.urls import plain
from amphibus.errors import StoreError, StoreInUse
from amphibus.failpoints import failpoint

NAME: Final = "schemas.dump"
_LOCK_WAIT: Final = "--lock-wait-timeout=10000"
"""In milliseconds: somebody who holds a table and is frozen may hold it for ever."""
_BEFORE: Final = "_before_restore"


class Restored(NamedTuple):
    """The schemas that were put back, and whether one of them knew a broker."""

    schemas: list[str]
    broker: bool = False


def backup(url: str, modules: Sequence[str], folder: Path) -> Path:
    """Copies the schemas of modules and the live settings into a folder, in one snapshot; the modules may run.

    Raises:
        StoreError: `pg_dump` is not installed, or failed.
    """
    path = folder / NAME
    schemas = [f"--schema={schema}" for schema in (*modules, CONTROL)]
    _run("pg_dump", url, "--format=custom", _LOCK_WAIT, f"--file={path}", *schemas)
    return path


async def restore(
    url: str, folder: Path, modules: Sequence[str], *, dry_run: bool = False
) -> Restored:
    """Puts the schemas of a backup in place of those in the database, while no module runs.

    What was there before is kept under the name that `kept` says. The broker is disowned, as for files: see `backup`.
    No module works on what a restore that was killed has left before another one has come to its end.

    Raises:
        StoreInUse: a module is running.
        StoreError: there is no backup, `pg_restore` is not installed, or failed: then all is as before.
    """
    path = folder / NAME
    refuse_unfinished(folder)
    if not path.is_file():
        raise StoreError(
            f"no backup of a server in {folder}",
            f"it has no {NAME}, which amphibus db backup makes with --db",
            f"ls {shlex.quote(str(folder))}",
        )
    listed = _run("pg_restore", None, "--list", str(path)).splitlines()
    entries = [line.split() for line in listed if " SCHEMA - " in line]
    found = [words[5] for words in entries if words[5] in {*modules, CONTROL}]
    if dry_run:
        return Restored(found)
    await _refuse_running(url, [schema for schema in found if schema != CONTROL])
    async with connected(url, lock_timeout="10s") as connection, connection.transaction():
        for schema in found:
            await _set_aside(connection, schema)
    try:
        _run("pg_restore", url, "--single-transaction", "--exit-on-error", str(path))
    except StoreError:
        await _as_before(url, found)
        raise
    failpoint("restore.read_in")
    async with connected(url, lock_timeout="10s") as connection, connection.transaction():
        known = [await disown_broker_in_schema(connection, schema) for schema in found]
        await _finish(connection, found)
    return Restored(found, any(known))


def kept(schema: str) -> str:
    """Returns what a schema of before a restore is called."""
    return f"{schema}{_BEFORE}"


async def _set_aside(connection: Any, schema: str) -> None:
    """Keeps a schema under another name, and says until `_finish` that it is not restored."""
    is_kept, begun = [
        await is_there(connection, each) for each in (kept(schema), unfinished(schema))
    ]
    # One that is away was moved aside by a restore that was killed: what it kept is all there is.
    if await is_there(connection, schema):
        if is_kept and begun:  # and one that it has read in is a copy
            await connection.execute(f'DROP SCHEMA "{schema}" CASCADE')
        else:
            await connection.execute(f'DROP SCHEMA IF EXISTS "{kept(schema)}" CASCADE')
            await connection.execute(f'ALTER SCHEMA "{schema}" RENAME TO "{kept(schema)}"')
    await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{unfinished(schema)}"')


async def _as_before(url: str, schemas: Sequence[str]) -> None:
    async with connected(url, lock_timeout="10s") as connection, connection.transaction():
        for schema in schemas:
            if await is_there(connection, kept(schema)):
                await connection.execute(f'ALTER SCHEMA "{kept(schema)}" RENAME TO "{schema}"')
        await _finish(connection, schemas)


async def _finish(connection: Any, schemas: Sequence[str]) -> None:
    for schema in schemas:
        await connection.execute(f'DROP SCHEMA IF EXISTS "{unfinished(schema)}"')


async def _refuse_running(url: str, modules: Sequence[str]) -> None:
    async with connected(url) as connection:
        for module in modules:
            if count := await count_alive(connection, module):
                raise StoreInUse(
                    f"module {module} is running, in {count} instances",
                    "a database is not replaced under a module that uses it: stop it, then restore again;"
                    " one that was killed is forgotten after 10 seconds",
                    "amphibus db status",
                )


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise StoreError(
            f"{name} is not installed",
            "backups of a database server are made by PostgreSQL's own programs",
            "sudo apt-get install postgresql-client",
        )
    return found


def _run(name: str, url: str | None, *arguments: str) -> str:
    """Returns the output of a program. The password goes by its environment, which others do not see."""
    environment, where = {"PGCONNECT_TIMEOUT": "10"} | os.environ, []
    if url is not None:
        parts = urlsplit(plain(url))
        user, _, place = parts.netloc.rpartition("@")
        where = [f"--dbname={urlunsplit(parts._replace(netloc=_without_password(user, place)))}"]
        if parts.password is not None:
            environment["PGPASSWORD"] = unquote(parts.password)
    done = subprocess.run(
        [_program(name), *where, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise StoreError(
            f"{name} failed", f"{said[0]}; it must be as new as the server", f"{name} --version"
        )
    return done.stdout


def _without_password(user: str, place: str) -> str:
    name = user.partition(":")[0]
    return f"{name}@{place}" if name else place
