"""The shop that runs with a data folder: its process, and the address that it answers at."""

import fcntl
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from amphibus.cli.output import CommandError
from amphibus.config.addresses import is_loopback

RUN_DIR: Final = "run"
SUPERVISOR_LOCK: Final = "supervisor.pid"
_ADDRESS: Final = "address"


class Address(NamedTuple):
    """The process that served a shop last, and where it answered; the process may have ended."""

    process: str
    url: str


def note_address(data_dir: Path, url: str) -> None:
    """Keeps the address of this process's gateway beside its databases, for those who look for the shop."""
    folder = data_dir / RUN_DIR
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ADDRESS).write_text(f"{os.getpid()} {url}\n", encoding="utf-8")


def noted_address(data_dir: Path) -> Address | None:
    """Returns what `note_address` kept last, or None."""
    try:
        process, url = (data_dir / RUN_DIR / _ADDRESS).read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return None
    return Address(process, url)


def same_place(one: str, other: str) -> bool:
    """Returns whether two addresses are one: all names of this machine are."""
    first, second = urlsplit(one), urlsplit(other)
    here = is_loopback(one) and is_loopback(other)
    return first.port == second.port and (here or first.hostname == second.hostname)


def supervisor_of(data_dir: Path) -> str | None:
    """Returns the supervisor that runs with a data folder, or None."""
    return _locked_by(data_dir / RUN_DIR / SUPERVISOR_LOCK)


def refuse_beside_supervisor(data_dir: Path, port: int) -> None:
    """Refuses to start beside a supervisor, which may be between two shapes and have no process at the moment.

    Raises:
        CommandError: names the supervisor: a process that it keeps would only be started again.
    """
    holder = supervisor_of(data_dir)
    if holder is not None:
        raise already_running(holder, data_dir, port)


def refuse_second_shop(modules: Iterable[str], data_dir: Path, port: int) -> None:
    """Refuses to start what runs already, before its port or a database is found taken.

    Raises:
        CommandError: names the process, its address and the line for a second shop beside it.
    """
    holder = next(filter(None, (holder_of(module, data_dir) for module in modules)), None)
    if holder is not None:
        raise already_running(holder, data_dir, port)


def already_running(holder: str, data_dir: Path, port: int) -> CommandError:
    """The error for a shop that runs already, as this process."""
    noted = noted_address(data_dir)
    at = f" at {noted.url}" if noted is not None and noted.process == holder else ""
    other = data_dir.with_name(f"{data_dir.name}-2")
    change = {"--data-dir": str(other)} | ({"--port": str(port + 1)} if port else {})
    return CommandError(
        f"this shop runs already: process {holder}{at}",
        f"one process serves the databases in {data_dir}; kill {holder} stops it."
        " Another shop beside it needs a folder and a port of its own",
        f"amphibus run --data-dir {shlex.quote(str(other))}",
        change=change,
    )


def holder_of(module: str, data_dir: Path) -> str | None:
    """Returns the process that hosts a module on a SQLite file, or None."""
    return _locked_by(data_dir / f"{module}.lock")


def _locked_by(path: Path) -> str | None:
    try:
        with path.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return lock.read(32).decode(errors="replace").strip() or "unknown"
    except OSError:
        pass
    return None
