"""The two shapes of a shop in a storm: one process on files, and many on a broker and a database server."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from amphibus.admin.inspection import on_server
from tests.distributed.commands import free_ports, lives
from tests.faults.month import ROOT
from tests.faults.shop import Shop
from tests.topologies.ledgers import ServerBooks
from tests.topologies.system import MODULES, System

DRAIN_SECONDS: Final = 10.0
STOP_SECONDS: Final = DRAIN_SECONDS + 5.0
_BACK_SECONDS: Final = 45.0
_LOOK_SECONDS: Final = 0.05
SETTINGS: Final = {
    "PYTHONPATH": os.pathsep.join(
        str(ROOT / each) for each in ("tests/storm/mood", "runtime", ".")
    ),
    "AMPHIBUS_DRAIN_SECONDS": f"{DRAIN_SECONDS:g}",
    "AMPHIBUS_GATEWAY__ACCEPT_WITHIN_SECONDS": "0",
    "AMPHIBUS_BUS__RETRY_FIRST_SECONDS": "0.2",
    "AMPHIBUS_BUS__RETRY_LIMIT_SECONDS": "1",
    "AMPHIBUS_BUS__MAX_ATTEMPTS": "1000",
    "AMPHIBUS_BUS__HANDLER_TIMEOUT_SECONDS": "5",
    "AMPHIBUS_RABBITMQ__HEARTBEAT_SECONDS": "3",
}
"""What a storm breaks is mended within seconds, so nothing may use up its attempts meanwhile."""


class OneProcess(Shop):
    """The monolith on SQLite."""

    stops_within = STOP_SECONDS
    settles_within = 60.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SETTINGS | {"STORM_FOLDER": str(folder)})

    def start(self, failpoint: str = "") -> None:
        """Starts it, again and again as whoever looks after a service does: no start is possible on a full disk."""
        with self._changing:
            ends = time.monotonic() + _BACK_SECONDS
            self._process = self._spawn(failpoint)
            while not self._until_ready(self._process):
                if time.monotonic() > ends:
                    self.fail("it ended before it was ready")
                self._process = self._spawn(failpoint)

    def pids(self) -> dict[str, int]:
        """Its process."""
        process = self._process
        return {} if process is None or process.poll() is not None else {"shop": process.pid}

    def kill_one(self, _label: str) -> None:
        """Ends the process as a power failure would, and starts it again."""
        self.kill()

    def stop_one(self, _label: str) -> float:
        """Asks the process to stop and starts it again; how long it took to end."""
        code, seconds, _ = self.restart()
        assert code == 0, f"it ended with {code}"
        return seconds

    def is_inside(self) -> bool:
        """Whether a transaction is open that writes."""
        return any(map(_is_locked, self.data_dir.glob("[!p]*.db")))

    def until_back(self) -> None:
        """Waits until all processes are there."""
        self.wait(self.visitor.ready, "back", within=_BACK_SECONDS)


class ManyProcesses(System):
    """A process for each module and a second one for orders, on a broker and a database server."""

    ready_within = 150.0  # three nodes make three copies of every queue
    stops_within = STOP_SECONDS

    def __init__(self, folder: Path, *, amqp_url: str, db_url: str, books_url: str) -> None:
        settings = SETTINGS | {"STORM_FOLDER": str(folder)}
        super().__init__(folder, amqp_url=amqp_url, db_url=db_url, settings=settings)
        self._books_url = books_url
        self.books = ServerBooks(self.data_dir, books_url)
        self.arrange("distributed")
        self._second: subprocess.Popen[bytes] | None = None
        self._second_port = free_ports(1)

    def start(self, failpoint: str = "") -> None:
        """Starts all."""
        super().start(failpoint)
        self._start_second()
        self.until_back()

    def stop(self) -> int:
        """Asks all to stop, and waits."""
        self._end_second(signal.SIGTERM)
        return super().stop()

    def abandon(self) -> None:
        """Ends all at once."""
        with self._changing:  # a customer who finds it dead would start it again
            self._end_second(signal.SIGKILL)
            super().abandon()

    def pids(self) -> dict[str, int]:
        """All processes but the supervisor."""
        found = self._pids()
        if self._second is not None and self._second.poll() is None:
            found["orders beside"] = self._second.pid
        return found

    def kill_one(self, label: str) -> None:
        """Ends one as a power failure would."""
        if label == "orders beside":
            self._end_second(signal.SIGKILL)
        else:
            super().kill_one(label)

    def stop_one(self, label: str) -> float:
        """Asks one to stop; how long it took to end."""
        pid, began = self.pids().get(label, 0), time.monotonic()
        if not pid:
            return 0.0
        os.kill(pid, signal.SIGTERM)
        self.wait(lambda: not self._lives(pid), f"ended ({label})", within=STOP_SECONDS)
        return time.monotonic() - began

    def is_inside(self) -> bool:
        """Whether a transaction has stood still for a while: others come and go."""
        statement = (
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
            " AND datname = current_database()"
            " AND clock_timestamp() - state_change > interval '0.3 seconds'"
        )
        with contextlib.suppress(Exception):
            return bool(on_server(self._books_url, "public", statement)[0][0])
        return False

    def until_back(self) -> None:
        """Waits until all processes are there, and starts the second one again."""
        if self._second is not None and self._second.poll() is not None:
            self._start_second()
        self.wait(lambda: self._pids().keys() >= set(MODULES), "all back", within=_BACK_SECONDS)
        self.wait(self.visitor.ready, "ready", within=_BACK_SECONDS)

    def _place(self) -> tuple[str, str]:
        return ("--db", self._books_url)

    def _lives(self, pid: int) -> bool:
        if self._second is not None and self._second.pid == pid:
            return self._second.poll() is None
        return lives(pid)

    def _start_second(self) -> None:
        words = ("run", "--mode=distributed", "--module=orders")
        folder = self.data_dir.parent / "beside"
        command = (*words, "--port", str(self._second_port), "--data-dir", str(folder))
        self._second = _spawn(command, self._settings, self._log)

    def _end_second(self, how: signal.Signals) -> None:
        second = self._second
        if second is None or second.poll() is not None:
            return
        second.send_signal(how)
        try:
            second.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            second.kill()
            second.wait()
            self.fail(f"the second process of orders had not stopped after {STOP_SECONDS:g} s")


def _spawn(
    words: Sequence[str], settings: Mapping[str, str], log: Path
) -> "subprocess.Popen[bytes]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AMPHIBUS_")}
    with log.open("ab") as said:
        return subprocess.Popen(
            (sys.executable, "-m", "amphibus.cli", *words, "--log-format", "json"),
            cwd=ROOT,
            env=kept | dict(settings),
            stdout=said,
            stderr=said,
        )


def _is_locked(file: Path) -> bool:
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        database.execute("ROLLBACK")
        return False
