"""Copies of all databases as they were at one moment, and back."""

import fcntl
import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from itertools import chain, count
from pathlib import Path
from typing import Final, NamedTuple

from amphibus.admin.database import databases, opened, reading, writing
from amphibus.database.control.file import NAME as CONTROL
from amphibus.database.durable_files import sync_file
from amphibus.database.facts import disown_broker_in_file
from amphibus.database.sqlite.files import is_damaged
from amphibus.database.sqlite.restoring import half_restored
from amphibus.errors import StoreError, StoreInUse, StoreUnwritable
from amphibus.failpoints import failpoint

_PAGES: Final = 4096
"""Pages copied at a time."""
_UNFINISHED: Final = "unfinished"
"""A file that lies in the folder of a backup for as long as it is made: one that was broken off is none."""


class Restored(NamedTuple):
    """A database that was put back, and the file that keeps what was there before; None if nothing was."""

    path: Path
    kept: Path | None
    broker: bool
    """It knew a broker."""


def backup(stores: Mapping[str, Path], folder: Path) -> list[Path]:
    """Copies databases into a new folder, all as they were at one moment; the modules may run.

    For that moment no module can commit; while the copies are made, all can.
    The live settings that lie beside them are copied after them: they are never older.

    Raises:
        StoreUnwritable: the folder exists with something in it, or cannot be made.
    """
    copies: list[Path] = []
    with new_folder(folder):
        with _one_moment(stores) as sources:
            for module, source in sources.items():
                copies.append(_copied(source, folder / f"{module}.db"))
        for control in {path.with_name(CONTROL) for path in stores.values()}:
            if control.exists():
                with opened(control, "ro") as source:
                    copies.append(_copied(source, folder / CONTROL))
    return copies


def _copied(source: sqlite3.Connection, path: Path) -> Path:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(path)) as target:
            source.backup(target, pages=_PAGES)
            _sync(target)
    except (OSError, sqlite3.OperationalError) as error:
        raise _unwritable(path, str(error)) from error
    return path


def restore(folder: Path, data_dir: Path) -> list[Restored]:
    """Puts the databases of a backup in place of those in the data folder, while no module runs.

    Databases that the backup does not have are left alone. What was there before is kept, and nothing that an earlier
    restore kept is written over. All is copied before anything is replaced: a full disk changes nothing. Whoever
    kills it between two that it replaces finds that no module works on them before another restore has.

    The broker lives on, and need not have any more what it had at the backup's moment: so it is disowned, and the next
    start asks the receivers what has arrived.

    Raises:
        StoreInUse: a module is running, or another program reads its database.
        StoreUnwritable: there is no room for the copies, or the data folder cannot be written.
        StoreError: the folder holds no backup, or one that is damaged or was broken off.
    """
    copies = {data_dir / f"{module}.db": copy for module, copy in backup_in(folder).items()}
    for copy in copies.values():
        _check_whole(copy)
    if (folder / CONTROL).exists():
        copies[data_dir / CONTROL] = folder / CONTROL
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            for target in copies:
                if target.name != CONTROL:
                    held.enter_context(_held(target.stem, data_dir))
            for target, copy in copies.items():
                held.callback(_fresh(target).unlink, missing_ok=True)
                shutil.copyfile(copy, _fresh(target))
                sync_file(_fresh(target))
            known = {target for target in copies if _disown_broker(_fresh(target))}
            for target in copies:
                _fold_in_log(target)
            with half_restored(data_dir, folder):
                return [
                    Restored(target, _put_in_place(target), broker=target in known)
                    for target in copies
                ]
    except OSError as error:
        raise _unwritable(
            Path(error.filename2 or error.filename or data_dir), str(error)
        ) from error


def backup_in(folder: Path) -> dict[str, Path]:
    """Returns the copies in the folder of a backup, by module.

    Raises:
        StoreError: it holds none, or one that was broken off.
    """
    refuse_unfinished(folder)
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


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Makes the folder of a backup, which is one from the end of the block on; empties it if the block fails.

    Raises:
        StoreUnwritable: it exists with something in it, or cannot be made.
    """
    _make_folder(folder)
    try:
        yield
        sync_file(folder)
    except BaseException:
        for each in folder.iterdir():
            each.unlink()
        raise
    (folder / _UNFINISHED).unlink()
    sync_file(folder)


def refuse_unfinished(folder: Path) -> None:
    """Refuses a backup that was broken off: it may lack a module, or hold the half of one.

    Raises:
        StoreError: it was.
    """
    if (folder / _UNFINISHED).exists():
        raise StoreError(
            f"the backup in {folder} was broken off",
            f"{_UNFINISHED} lies in it until all databases are copied",
            f"ls -d {_near_backups(folder)}/*/",
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        filled = any(folder.iterdir())
        if not filled:
            (folder / _UNFINISHED).touch()
            sync_file(folder)
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from error
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


def _disown_broker(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as connection, connection:
            return disown_broker_in_file(connection)
    except sqlite3.OperationalError as error:
        raise _unwritable(path, str(error)) from error


def _fresh(target: Path) -> Path:
    return target.with_suffix(".db.restoring")


def _put_in_place(target: Path) -> Path | None:
    """Replaces a database in one step, so that it is there at every moment; returns what it is kept as."""
    kept = None
    if target.exists():
        kept = _free(target.with_suffix(".db.before-restore"))
        try:
            os.link(target, kept, follow_symlinks=False)
        except OSError:  # there are file systems without links
            target.replace(kept)
    for suffix in ("-wal", "-shm"):
        log = target.with_name(target.name + suffix)
        if log.exists():
            log.replace(log.with_name(f"{kept.name if kept else target.name}{suffix}"))
    _fresh(target).replace(target)
    sync_file(target.parent)
    failpoint("restore.replaced")
    return kept


def _free(path: Path) -> Path:
    """The path, with a number if something is kept under it already."""
    numbered = (path.with_name(f"{path.name}-{number}") for number in count(2))
    return next(each for each in chain([path], numbered) if not os.path.lexists(each))


def _fold_in_log(path: Path) -> None:
    """Moves what is in the write-ahead log into the file, so that the kept one is complete.

    A file that is damaged is kept with its log, as it is.

    Raises:
        StoreInUse: another program reads the file.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.Error as error:
        if is_damaged(error):
            return
        raise _unwritable(path, str(error)) from error
    if busy:
        raise StoreInUse(
            f"{path} is being read",
            "a database is not replaced under a program that uses it: stop it, then restore again",
            f"lsof {shlex.quote(str(path))}",
        )


def _unwritable(path: Path, why: str) -> StoreUnwritable:
    return StoreUnwritable(
        f"{path} cannot be written", why, f"df -h {shlex.quote(str(path.parent))}"
    )


def _sync(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.commit()
