"""A shop as real processes: started, killed, started again, stopped.

`Shop` is what a test needs of it. Another topology brings a way to start its processes, its own books
and its own idea of being settled; all that is sent and compared stays the same.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NoReturn

from tests.faults.books import Books
from tests.faults.month import ROOT
from tests.faults.visitor import Visitor
from tests.services.warm import Forked, warm_process

WAITS_SECONDS: Final = 60.0
_SHOWN_LINES: Final = 30
_INFORMS: Final = '"level": "info"'
_KILLED: Final = -signal.SIGKILL


class Shop:
    """The monolith. `revive` starts it anew, unharmed, whenever it is found dead."""

    ready_within = 45.0
    settles_within = 60.0
    stops_within = 20.0
    look_seconds = 0.02

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = folder / "var"
        self.books: Books = Books(self.data_dir)
        self.deaths: list[int] = []
        """The exit codes of processes that ended without being asked to stop."""
        self.options: tuple[str, ...] = ()
        """What it is run with, for the processes that are started from now on."""
        self._settings = dict(settings or {})
        self._log = folder / "log.ndjson"
        self._host, self._port = "127.0.0.1", self._take_port()
        self._process: Forked | None = None
        self._changing = threading.RLock()
        self.visitor = Visitor(self._host, self._port, self.revive)

    def configure(self, **settings: str) -> None:
        """Environment of the processes that are started from now on."""
        self._settings |= settings

    def start(self, failpoint: str = "") -> None:
        """Starts it; with `name:nth` it kills itself there. Returns when it is ready, or dead by that."""
        with self._changing:
            self._process = self._spawn(failpoint)
            if not self._until_ready(self._process) and not failpoint:
                self.fail("it ended before it was ready")

    def kill(self) -> None:
        """Ends the process as a power failure would, and starts it again."""
        with self._changing:
            if self._process is not None and self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            self.revive()

    def interrupt(self) -> None:
        """Asks the process to stop, and goes on."""
        with self._changing:
            if self._process is not None:
                self._process.terminate()

    def revive(self) -> None:
        """Starts it again, without a failpoint, if it has died."""
        with self._changing:
            code = None if self._process is None else self._process.poll()
            if code is None:
                return
            self.deaths.append(code)
            if code != _KILLED:
                self.fail(f"it ended by itself with code {code}")
            self.start()

    def restart(self) -> tuple[int, float, list[Path]]:
        """Asks it to stop and starts it again: its exit code, how long it took, what it left behind."""
        with self._changing:
            began = time.monotonic()
            code = self.stop()
            seconds, left = time.monotonic() - began, self.books.crash_journals()
            self.start()
        return code, seconds, left

    def stop(self) -> int:
        """Asks it to stop, and waits; its exit code. It stays down."""
        within = self.stops_within
        with self._changing:
            process, self._process = self._process, None
        if process is None:
            return 0
        process.terminate()
        try:
            return process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.fail(f"it had not stopped {within:g} s after it was asked to")

    def abandon(self) -> None:
        """Ends it at once and shows what it had to say; pytest prints that where a test failed."""
        with self._changing:
            process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        self.visitor.close()
        sys.stdout.write("\n".join(self.complaints()))

    def settled(self) -> bool:
        """Whether nothing is under way any more."""
        self.revive()
        return not self.books.unfinished()

    def wait(
        self,
        condition: Callable[[], bool],
        what: str,
        within: float = WAITS_SECONDS,
    ) -> None:
        """Waits until something is so."""
        ends = time.monotonic() + within
        while not condition():
            if time.monotonic() > ends:
                self.fail(f"not {what} after {within:g} s: {self.books.unfinished()}")
            time.sleep(self.look_seconds)

    def until_settled(self) -> None:
        """Waits until nothing is under way any more; a busy machine may take its time, a stop is a fault."""
        seen, since = self.books.unfinished(), time.monotonic()
        while not self.settled():
            now = self.books.unfinished()
            if now != seen:
                seen, since = now, time.monotonic()
            if time.monotonic() - since > self.settles_within:
                self.fail(f"it has stood still for {self.settles_within:g} s: {now}")
            time.sleep(self.look_seconds)

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Runs `amphibus` with this shop's data."""
        return warm_process().run(
            (*words, *self._place()), cwd=ROOT, environ=_environment(self._settings)
        )

    def another(self) -> "subprocess.CompletedProcess[str]":
        """Tries to run a second process on the same data folder."""
        return warm_process().run(
            ("run", "--port", "0", "--data-dir", str(self.data_dir)),
            cwd=ROOT,
            environ=_environment({}),
        )

    def complaints(self) -> list[str]:
        """The last warnings and errors of its log."""
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        lines = [line for line in text.splitlines() if line and _INFORMS not in line]
        return lines[-_SHOWN_LINES:]

    def fail(self, what: str) -> NoReturn:
        """Ends the test, with what the shop had to say."""
        said = "\n".join(self.complaints())
        raise AssertionError(f"{what}\ndead letters: {self.books.dead()}\nits log:\n{said}")

    def _place(self) -> tuple[str, str]:
        return ("--data-dir", str(self.data_dir))

    def _take_port(self) -> int:
        return _free_port()

    def _spawn(self, failpoint: str) -> Forked:
        settings = self._settings | ({"AMPHIBUS_FAILPOINT": failpoint} if failpoint else {})
        port = ("--host", self._host, "--port", str(self._port))
        data = ("--data-dir", str(self.data_dir), "--log-format", "json")
        self._log.parent.mkdir(parents=True, exist_ok=True)
        return warm_process().start(
            ("run", *self.options, *port, *data),
            cwd=ROOT,
            environ=_environment(settings),
            out=self._log,
            err=self._log,
        )

    def _until_ready(self, process: Forked) -> bool:
        ends = time.monotonic() + self.ready_within
        while not self.visitor.ready():
            if process.poll() is not None:
                return False
            if time.monotonic() > ends:
                self.fail(f"not ready after {self.ready_within:g} s")
            time.sleep(0.02)
        return True


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours without settings that are meant for other instances."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AMPHIBUS_")}
    return kept | dict(settings)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
