"""Refuses what stands in the place of a module's database and is none, before anything is opened or made."""

import errno
import shlex
import shutil
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from amphibus.database.facts import META
from amphibus.database.sqlite.restoring import refuse_half_restored
from amphibus.errors import StoreAway, StoreError

_FIRST_BYTES: Final = b"SQLite format 3\0"
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOOK_SECONDS: Final = 0.5
_ROOM_BYTES: Final = 64 << 10
"""Less than this is free on a disk that is full for SQLite, which says of its own files only that they failed."""


def refuse_no_database(path: Path) -> None:
    """Refuses what is no SQLite file, or cannot be read. One that is missing or empty will be made.

    Raises:
        StoreError: says what is there instead. Nothing was changed.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            kind = "a folder" if path.is_dir() else "something that is no file"
            raise _refused(path, "is no file", f"{kind} stands in the place of a database")
        with path.open("rb") as file:
            first = file.read(len(_FIRST_BYTES))
    except FileNotFoundError:
        if path.is_symlink():
            raise _refused(
                path, "leads nowhere", "it is a link to a file that is not there"
            ) from None
        return
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read",
            error.strerror or str(error),
            f"chmod u+rw {shlex.quote(str(path))}",
        ) from error
    if first not in (b"", _FIRST_BYTES):
        raise _refused(path, "is no SQLite database", "it does not begin as one does")


def refuse_others_database(path: Path) -> None:
    """Refuses what `refuse_no_database` does, a damaged file, and one that another program made.

    Raises:
        StoreError: says what is there instead. Nothing was changed.
    """
    refuse_no_database(path)
    try:
        tables = _tables_in(path) if path.exists() and path.stat().st_size else set[str]()
    except sqlite3.Error as error:
        if not is_damaged(error):
            return  # locked, say: who opens it tells
        raise damaged(path, error) from error
    if tables and META not in tables:
        raise StoreError(
            f"{path} is no database of a module",
            f"it has no table {META}: another program made it",
            f"mv {shlex.quote(str(path))} {shlex.quote(f'{path}.aside')}",
        )


def refuse_others_databases(modules: Iterable[str], data_dir: Path) -> None:
    """Refuses them all before the first is touched, and databases that a killed restore has left half replaced.

    Raises:
        StoreError: names the first.
    """
    refuse_half_restored(data_dir)
    for module in modules:
        refuse_others_database(data_dir / f"{module}.db")


def is_damaged(error: sqlite3.Error) -> bool:
    """Returns whether the file is to blame, and will be the next time too."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def full_disk(path: Path, error: BaseException) -> StoreAway | None:
    """Returns the error for a file that would work if there were room on its disk; None if that is not why."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    full = code == sqlite3.SQLITE_FULL or getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT)
    if not full and code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        full = shutil.disk_usage(path.parent).free < _ROOM_BYTES
    if not full:
        return None
    return StoreAway(
        f"{path} has no room: its disk is full",
        str(error),
        f"df -h {shlex.quote(str(path.parent))}; it goes on once there is room",
    )


def damaged(path: Path, error: sqlite3.Error) -> StoreError:
    """Returns the error for a file that is broken."""
    return _refused(path, "is damaged", str(error))


def _tables_in(path: Path) -> set[str]:
    # Without a log beside it, the file is whole, and to look makes none.
    how = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    uri = f"{path.absolute().as_uri()}?{how}"
    with closing(sqlite3.connect(uri, uri=True, timeout=_LOOK_SECONDS)) as raw:
        return {
            name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }


def _refused(path: Path, what: str, why: str) -> StoreError:
    name = shlex.quote(str(path))
    aside = shlex.quote(f"{path}.aside")
    return StoreError(
        f"{path} {what}", why, f"mv {name} {aside}; amphibus db restore --from FOLDER"
    )
