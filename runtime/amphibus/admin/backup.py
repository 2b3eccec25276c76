"""Copies of all databases as they were at one moment, and back."""

import fcntl
import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from amphibus.admin.database import databases, opened, reading, writing
from amphibus.database.control.file import NAME as CONTROL
from amphibus.errors import StoreError, StoreInUse, StoreUnwritable

_PAGES: Final = 4096
"""Pages copied at a time."""


def backup(stores: Mapping[str, Path], folder: Path) -> list[Path]:
    """Copies databases into a new folder, all as they were at one moment; the modules may run.

    For that moment no module can commit; while the copies are made, all can.
    The live settings that lie beside them are copied after them: they are never older.

    Raises:
        StoreUnwritable: the folder exists with something in it, or cannot be made.
    """
    make_folder(folder)
    copies: list[Path] = []
    with _one_moment(stores) as sources:
        for module, source in sources.items():
            copies.append(_copied(source, folder / f"{module}.db"))
    for control in {path.with_name(CONTROL) for path in stores.values()}:
        if control.exists():
            with opened(control, "ro") as source:
                copies.append(_copied(source, folder / CONTROL))
    return copies


def _copied(source: sqlite3.Connection, path: Path) -> Path:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    target = sqlite3.connect(path)
    try:
        source.backup(target, pages=_PAGES)
        _sync(target)
    finally:
        target.close()
    return path


def restore(folder: Path, data_dir: Path) -> list[Path]:
    """Puts the databases of a backup in place of those in the data folder, while no module runs.

    Databases that the backup does not have are left alone. What was there before is kept as
    `<module>.db.before-restore`.

    Raises:
        StoreInUse: a module is running.
        StoreError: the folder holds no backup, or one that is damaged.
    """
    copies = backup_in(folder)
    for path in copies.values():
        _check_whole(path)
    data_dir.mkdir(parents=True, exist_ok=True)
    restored: list[Path] = []
    with ExitStack() as held:
        for module in copies:
            held.enter_context(_held(module, data_dir))
        for module, copy in copies.items():
            restored.append(_put_in_place(copy, data_dir / f"{module}.db"))
        if (folder / CONTROL).exists():
            restored.append(_put_in_place(folder / CONTROL, data_dir / CONTROL))
    return restored


def backup_in(folder: Path) -> dict[str, Path]:
    """Returns the copies in the folder of a backup, by module.

    Raises:
        StoreError: it holds none.
    """
    found = databases(folder)
    if not found:
        why = "it holds no database" if folder.is_dir() else "there is no such folder"
        raise StoreError(f"no backup in {folder}", why, f"ls -d {_near_backups(folder)}/*/")
    return found


def _near_backups(folder: Path) -> str:
    """The nearest folder above that is there: what was meant may lie in it."""
    return shlex.quote(str(next(each for each in folder.absolute().parents if each.is_dir())))


@contextmanager
def _one_moment(stores: Mapping[str, Path]) -> Iterator[dict[str, sqlite3.Connection]]:
    """Snapshots of all databases, taken while every writer was held up."""
    with ExitStack() as snapshots:
        found: dict[str, sqlite3.Connection] = {}
        with ExitStack() as writers:
            for path in stores.values():
                writers.enter_context(writing(path, older=True))
            for module, path in stores.items():
                found[module] = snapshots.enter_context(reading(path, older=True))
        yield found


def make_folder(folder: Path) -> None:
    """Makes the folder of a backup.

    Raises:
        StoreUnwritable: it exists with something in it, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        filled = any(folder.iterdir())
    except OSError as error:
        raise StoreUnwritable(
            f"{folder} cannot be written",
            error.strerror or str(error),
            "amphibus db backup",
        ) from error
    if filled:
        raise StoreUnwritable(
            f"{folder} is not empty",
            "a backup never overwrites another; without --to it makes a folder of its own",
            "amphibus db backup",
        )


def _check_whole(path: Path) -> None:
    with reading(path, older=True) as connection:
        verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    if verdict != "ok":
        raise StoreError(f"{path} is damaged", verdict, f"ls -d {_near_backups(path.parent)}/*/")


@contextmanager
def _held(module: str, data_dir: Path) -> Iterator[None]:
    """The lock that a process takes which hosts the module."""
    lock = os.open(data_dir / f"{module}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode() or "unknown"
            raise StoreInUse(
                f"module {module} is running, as process {holder}",
                "a database is not replaced under a module that uses it: stop it, then restore again",
                f"kill {holder}",
            ) from None
        yield
    finally:
        os.close(lock)


def _put_in_place(copy: Path, target: Path) -> Path:
    fresh = target.with_suffix(".db.restoring")
    shutil.copyfile(copy, fresh)
    _sync_file(fresh)
    if target.exists():
        _fold_in_log(target)
        target.replace(target.with_suffix(".db.before-restore"))
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    fresh.replace(target)
    _sync_file(target.parent)
    return target


def _fold_in_log(path: Path) -> None:
    """Moves what is in the write-ahead log into the file, so that the kept one is complete."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _sync(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.commit()


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
