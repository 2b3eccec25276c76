"""`amphibus run --reload`: restarts the command each time a file changes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from amphibus.cli.output import printable

_FOLDERS: Final = ("contracts", "modules", "config")
_KINDS: Final = (".py", ".toml")
_EVERY_SECONDS: Final = 0.3

State = dict[Path, tuple[int, int]]


def run_and_reload(root: Path) -> int:
    """Runs this command line without `--reload` as a child; restarts it when a file changes.

    A child that ends by itself (a mistake in a file, say) is started again with the next change.
    """
    command = [sys.executable, "-m", "amphibus.cli", *_without_reload(sys.argv[1:])]
    if command[3:4] != ["run"]:
        command.insert(3, "run")  # started as the console script `run`
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while True:
        before = _state(root)
        child = subprocess.Popen(command)
        changed = _wait_for_change(root, before, stopped)
        _end(child)
        if not changed:
            return child.returncode
        print(
            f"reload  {printable(str(changed.relative_to(root)))} changed",
            file=sys.stderr,
            flush=True,
        )


def _wait_for_change(root: Path, before: State, stopped: threading.Event) -> Path | None:
    while not stopped.wait(_EVERY_SECONDS):
        now = _state(root)
        if now != before:
            different = {path for path, _ in now.items() ^ before.items()}
            return min(different)
    return None


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    child.wait()


def _state(root: Path) -> State:
    found: State = {}
    for path in _files(root):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue  # removed since it was listed
        found[path] = (status.st_mtime_ns, status.st_size)
    return found


def _files(root: Path) -> Iterator[Path]:
    for folder in _FOLDERS:
        for here, folders, names in os.walk(root / folder):
            folders[:] = [name for name in folders if name != "__pycache__"]
            yield from (Path(here) / name for name in names if name.endswith(_KINDS))


def _without_reload(arguments: list[str]) -> list[str]:
    return [each for each in arguments if each != "--reload"]
