"""An instance of the project as a process of its own: started, killed, started again, stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final

from amphibus.cli.output import CommandError, Exit

_READY_WITHIN_SECONDS: Final = 90.0
_LOOK_EVERY_SECONDS: Final = 0.02
_MARK: Final = "  API "
_SHOWN_LINES: Final = 12


class Instance:
    """Lives as long as the `async with instance()` that made it; its process may end before."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.data_dir = folder / "var"
        self.url = ""
        self._root = root
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the process that runs now, or of the last one."""
        return self._process.pid if self._process else 0

    async def start(self, modules: Sequence[str] = (), *options: str, **environment: str) -> float:
        """Starts a process with these modules, or all; returns the seconds until it was ready.

        `options` are further ones of `amphibus run`, `environment` what it gets beside ours.

        Raises:
            CommandError: it ended, or was not ready in time.
        """
        began = time.perf_counter()
        command = [sys.executable, "-m", "amphibus.cli", "run", "--port", "0"]
        command += ["--data-dir", str(self.data_dir), "--log-format", "json"]
        command += [part for name in modules for part in ("--module", name)] + [*options]
        said = self._folder / "said.txt"
        with said.open("wb") as out, (self._folder / "log.ndjson").open("ab") as log:
            self._process = self._spawn(command, environment, out, log)
        while not (url := _url_in(said)):
            if self._process.poll() is not None:
                raise self._failed("it ended before it was ready", Exit.FAILED)
            if time.perf_counter() - began > _READY_WITHIN_SECONDS:
                raise self._failed("it was not ready in time", Exit.TIMEOUT)
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
        self.url = url
        return time.perf_counter() - began

    def _spawn(
        self, command: Sequence[str], more: Mapping[str, str], out: BinaryIO, log: BinaryIO
    ) -> "subprocess.Popen[bytes]":
        environment = {**_environment(), **more}
        return subprocess.Popen(command, cwd=self._root, stdout=out, stderr=log, env=environment)

    def kill(self) -> None:
        """Ends the process as a power failure would, and waits until it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends the process gracefully, and waits until it is gone."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait()

    def _failed(self, what: str, code: Exit) -> CommandError:
        self.kill()
        lines = (self._folder / "log.ndjson").read_text(errors="replace").splitlines()
        why = "\n        ".join(lines[-_SHOWN_LINES:]) or "it said nothing"
        return CommandError(f"no instance for the demo: {what}", why, "amphibus run", code)


@asynccontextmanager
async def instance(root: Path) -> AsyncIterator[Instance]:
    """An instance with a temporary data folder and a free port; not started yet."""
    with tempfile.TemporaryDirectory(prefix="amphibus-demo-") as folder:
        made = Instance(root, Path(folder))
        try:
            yield made
        finally:
            made.stop()


def _url_in(said: Path) -> str:
    for line in said.read_text(errors="replace").splitlines(keepends=True):
        if line.startswith(_MARK) and line.endswith("\n"):
            return line.split()[-1]
    return ""


def _environment() -> dict[str, str]:
    """Returns our environment without settings for other instances: a port, a data folder."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AMPHIBUS_") or name.startswith("AMPHIBUS_MODULES__")
    }
