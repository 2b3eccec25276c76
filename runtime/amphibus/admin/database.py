"""Opens the databases of a data folder beside whoever works with them."""

import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from amphibus.database.facts import META, facts_of_file
from amphibus.database.schema.steps import check_facts, check_owner
from amphibus.database.sqlite.files import damaged, is_damaged, refuse_no_database
from amphibus.database.sqlite.restoring import refuse_half_restored
from amphibus.errors import NoStore, StoreError

_BUSY_SECONDS: Final = 10.0
MICROSECONDS: Final = 1_000_000


def databases(data_dir: Path) -> dict[str, Path]:
    """Module name -> database file, sorted by name; files of adapters are left out by their names."""
    files = sorted(data_dir.glob("*.db"))
    return {path.stem: path for path in files if path.stem.isidentifier()}


def existing(data_dir: Path) -> dict[str, Path]:
    """Like `databases`, for commands that make no sense without any.

    Raises:
        NoStore: the folder holds no database.
    """
    found = databases(data_dir)
    if not found:
        raise NoStore(
            f"no databases in {data_dir}",
            "no module has run with this data folder yet",
            f"amphibus run --data-dir {shlex.quote(str(data_dir))}",
        )
    return found


def sound(data_dir: Path) -> dict[str, Path]:
    """Like `existing`, for commands that go through all of them.

    Raises:
        StoreError: the folder holds no database, or something else in the place of one.
    """
    found = existing(data_dir)
    for path in found.values():
        refuse_no_database(path)
    return found


def transport_of(path: Path) -> str:
    """Returns what carried the messages of a database's module the last time; it may be of an older version.

    Raises:
        StoreError: it is no database of a module, or cannot be read.
    """
    with reading(path, older=True) as connection:
        return facts_of_file(connection).get("transport", "memory")


@contextmanager
def reading(path: Path, *, older: bool = False) -> Iterator[sqlite3.Connection]:
    """A read-only connection with one snapshot; `older`: tables of older versions will do.

    Raises:
        StoreError: it is no database of a module, or cannot be read.
        OlderStore: it was not upgraded yet.
    """
    with opened(path, "ro") as connection:
        connection.execute("BEGIN")
        _check(connection, path, older=older)
        yield connection


@contextmanager
def writing(path: Path, *, older: bool = False) -> Iterator[sqlite3.Connection]:
    """A write transaction, committed at the end, rolled back on any error; `older` as for `reading`.

    Raises:
        StoreError: it is no database of a module, or cannot be written.
        OlderStore: it was not upgraded yet.
    """
    with opened(path, "rw") as connection:
        connection.execute("BEGIN IMMEDIATE")
        _check(connection, path, older=older)
        yield connection
        connection.execute("COMMIT")


def compact_file(path: Path) -> bool:
    """Writes a file anew without what was deleted, and empties its log; returns False if somebody still reads it.

    Raises:
        StoreError: it cannot be written.
    """
    with opened(path, "rw") as connection:
        connection.execute("VACUUM")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy


@contextmanager
def opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """A connection, to read (`ro`) or to write (`rw`), whatever version the tables are of.

    Raises:
        StoreError: it is no database, or cannot be read; or, to write, a restore was broken off in its folder.
    """
    refuse_no_database(path)
    if mode == "rw":
        refuse_half_restored(path.parent)
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
        if is_damaged(error):
            raise damaged(path, error) from error
        raise StoreError(
            f"{path} cannot be {'read' if mode == 'ro' else 'written'}",
            str(error),
            f"ls -l {path}; amphibus db status",
        ) from error
    finally:
        if connection is not None:
            connection.close()  # rolls back what was not committed


def _check(connection: sqlite3.Connection, path: Path, *, older: bool) -> None:
    found = facts_of_file(connection)
    if "schema_version" not in found:
        raise StoreError(
            f"{path} is no database of a module",
            f"it has no table {META}",
            "move it out of the data folder",
        )
    check = check_owner if older else check_facts
    check(found, path.stem, str(path))
