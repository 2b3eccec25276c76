"""The shop in any arrangement: one process or many, files or a database server."""

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from amphibus.testing import environment
from tests.distributed.commands import free_ports, lives
from tests.faults.shop import Shop
from tests.topologies.ledgers import FileBooks, ServerBooks

MODULES: Final = (
    "gateway",
    "catalog",
    "inventory",
    "notifications",
    "orders",
    "payments",
    "reporting",
)
_MOST_INSTANCES: Final = 2


class System(Shop):
    """A shop that `arrange` puts into processes, before it is started or between two lives."""

    settles_within = 120.0
    stops_within = 40.0
    look_seconds = 0.25

    def __init__(
        self,
        folder: Path,
        *,
        amqp_url: str,
        db_url: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        ours = {"AMPHIBUS_ENV": environment(folder), "AMPHIBUS_AMQP_URL": amqp_url}
        if db_url is not None:
            ours["AMPHIBUS_DB_URL"] = db_url
        super().__init__(folder, ours | dict(settings or {}))
        self.books = (
            FileBooks(self.data_dir) if db_url is None else ServerBooks(self.data_dir, db_url)
        )

    def arrange(self, mode: str, instances: int = 1) -> None:
        """How it is run from the next start on."""
        several = ("--instances", str(instances)) if instances > 1 else ()
        everything = ("--all", *several) if mode == "distributed" else ()
        self.options = (f"--mode={mode}", *everything)

    def kill(self) -> None:
        """Ends all processes as a power failure would, and starts them again."""
        with self._changing:
            self.cut_off()
            self.revive()

    def cut_off(self) -> None:
        """Ends all processes as a power failure would."""
        with self._changing:
            children = self._pids()
            if self._process is not None and self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            for pid in children.values():
                _kill(pid)
            self.wait(lambda: not any(map(lives, children.values())), "all ended", within=100)

    def change_to(self, mode: str, *, gently: bool, instances: int = 1) -> None:
        """Ends it, one way or the other, and starts it in another arrangement."""
        with self._changing:
            if gently:
                code = self.stop()
                assert code == 0, f"it ended with {code}"
            else:
                self.cut_off()
            self.arrange(mode, instances)
            self.start()

    def kill_one(self, label: str) -> None:
        """Ends one process of many as a power failure would; its supervisor starts it again."""
        pid = self._pids().get(label, 0)
        if pid:
            _kill(pid)

    @contextmanager
    def without(self, label: str) -> Iterator[None]:
        """One process is dead, and not started again before the end."""
        hold = self.data_dir / "run" / f"{label}.hold"
        hold.write_text(str(os.getpid()))
        self.kill_one(label)
        try:
            yield
        finally:
            hold.unlink()

    def abandon(self) -> None:
        """Ends all at once."""
        with contextlib.suppress(AssertionError):
            self.cut_off()
        super().abandon()

    def _pids(self) -> dict[str, int]:
        """The processes that a supervisor has started, by their labels."""
        found = {}
        for file in (self.data_dir / "run").glob("*.pid"):
            with contextlib.suppress(OSError, ValueError):
                if file.stem != "supervisor" and lives(pid := int(file.read_text())):
                    found[file.stem] = pid
        return found

    def _take_port(self) -> int:
        return free_ports(len(MODULES) * _MOST_INSTANCES)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
