"""Opens the databases of a data folder beside whoever works with them."""

import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from amphibus.database.schema.steps import check_facts
from amphibus.errors import StoreError

_BUSY_SECONDS: Final = 10.0
MICROSECONDS: Final = 1_000_000


def databases(data_dir: Path) -> dict[str, Path]:
    """Module name -> database file, sorted by name; files of adapters are left out by their names."""
    files = sorted(data_dir.glob("*.db"))
    return {path.stem: path for path in files if path.stem.isidentifier()}


def existing(data_dir: Path) -> dict[str, Path]:
    """Like `databases`, for commands that make no sense without any.

    Raises:
        StoreError: the folder holds no database.
    """
    found = databases(data_dir)
    if not found:
        raise StoreError(
            f"no databases in {data_dir}",
            "no module has run with this data folder yet",
            f"amphibus run --data-dir {shlex.quote(str(data_dir))}",
        )
    return found


def transport_of(path: Path) -> str:
    """What carried the messages of a database's module the last time.

    Raises:
        StoreError: it is no database of a module, or cannot be read.
    """
    with reading(path) as connection:
        statement = "SELECT value FROM amphibus_meta WHERE name = 'transport'"
        row = connection.execute(statement).fetchone()
    return str(row[0]) if row else "memory"


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection with one snapshot.

    Raises:
        StoreError: it is no database of a module, or cannot be read.
    """
    with opened(path, "ro") as connection:
        connection.execute("BEGIN")
        _check(connection, path)
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A write transaction, committed at the end, rolled back on any error.

    Raises:
        StoreError: it is no database of a module, or cannot be written.
    """
    with opened(path, "rw") as connection:
        connection.execute("BEGIN IMMEDIATE")
        _check(connection, path)
        yield connection
        connection.execute("COMMIT")


@contextmanager
def opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """A connection, to read (`ro`) or to write (`rw`), whatever version the tables are of.

    Raises:
        StoreError: it is no database, or cannot be read.
    """
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=_BUSY_SECONDS,
        )
        connection.row_factory = sqlite3.Row
        yield connection
    except sqlite3.Error as error:
        raise StoreError(
            f"{path} cannot be {'read' if mode == 'ro' else 'written'}",
            str(error),
            f"ls -l {path}; amphibus db status",
        ) from error
    finally:
        if connection is not None:
            connection.close()  # rolls back what was not committed


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = facts(connection)
    if "schema_version" not in found:
        raise StoreError(
            f"{path} is no database of a module",
            "it has no table amphibus_meta",
            "move it out of the data folder",
        )
    check_facts(found, path.stem, str(path))


def facts(connection: sqlite3.Connection) -> dict[str, str]:
    """What the database says of itself; empty if it is not one of a module."""
    known = "SELECT 1 FROM sqlite_master WHERE name = 'amphibus_meta'"
    if connection.execute(known).fetchone() is None:
        return {}
    rows = connection.execute("SELECT name, value FROM amphibus_meta").fetchall()
    return {row["name"]: row["value"] for row in rows}
