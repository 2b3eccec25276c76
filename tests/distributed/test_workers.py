"""What a supervisor keeps alive, whatever its processes say, leave behind or find: no one's trouble ends the others."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from amphibus.cli.places import Place
from amphibus.cli.run.process_logs import ProcessLogs
from amphibus.cli.run.worker import Worker
from amphibus.testing.conformance.office import until

pytestmark = pytest.mark.asyncio
READY = "echo ready http://127.0.0.1:8080"
"""What a process says that has come up."""


class Kept:
    """A worker whose process is a script, and what its supervisor says of it."""

    def __init__(self, folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
        program = folder / "program"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr("sys.executable", str(program))
        self.root, self.run_dir = folder / "root", folder / "run"
        self.root.mkdir()
        self.run_dir.mkdir()
        self.logs = ProcessLogs(folder, ["shelf"], "json")
        self._said = folder / "logs/supervisor.log"
        self.worker = Worker(
            Place("shelf", "shelf", 0, 0),
            (),
            root=self.root,
            run_dir=self.run_dir,
            environment=os.environ,
            logs=self.logs,
        )

    def count(self, event: str) -> int:
        """How often something was said."""
        lines = self._said.read_text().splitlines() if self._said.exists() else []
        return [json.loads(line)["event"] for line in lines].count(event)

    @asynccontextmanager
    async def alive(self) -> AsyncIterator["asyncio.Task[int]"]:
        """The worker, kept until here."""
        task = asyncio.ensure_future(self.worker.keep())
        try:
            yield task
        finally:
            self.worker.kill()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self.logs.close()


async def test_what_a_process_leaves_running_does_not_keep_it_from_its_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child of a handler has the output of its process open for as long as it lives."""
    children = tmp_path / "children"
    kept = Kept(tmp_path, f"sleep 1000 &\necho $! >>{children}\n{READY}\nkill -9 $$", monkeypatch)
    async with kept.alive():
        await until(lambda: kept.count("process.started") == 2)
    for pid in children.read_text().split():
        os.kill(int(pid), signal.SIGKILL)

    assert kept.count("process.ended") >= 1


async def test_a_line_that_looks_like_ours_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module may say anything while it is imported."""
    kept = Kept(tmp_path, f"echo ready to go\n{READY}\nexec sleep 1000", monkeypatch)
    async with kept.alive():
        await until(lambda: kept.worker.url == "http://127.0.0.1:8080")

    assert kept.worker.said == ["ready to go"]


async def test_a_folder_that_cannot_be_written_ends_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk: the process runs, and only `restart` does not find it."""
    kept = Kept(tmp_path, f"{READY}\nkill -9 $$", monkeypatch)
    kept.run_dir.rmdir()
    kept.run_dir.touch()
    async with kept.alive() as task:
        await until(lambda: kept.count("process.started") == 2)
        assert not task.done()


async def test_a_process_that_cannot_be_started_now_is_started_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine may have no room for another one, or no folder for it, for a while."""
    kept = Kept(tmp_path, f"{READY}\nkill -9 $$", monkeypatch)
    async with kept.alive() as task:
        await until(lambda: kept.count("process.ended") == 1)
        shutil.rmtree(kept.root)
        await until(lambda: kept.count("process.ended") == 2)
        kept.root.mkdir()
        await until(lambda: kept.count("process.started") == 2)
        assert not task.done()

    assert "it could not be started" in (tmp_path / "logs/shelf.log").read_text()


async def test_a_process_that_never_could_be_started_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Starting it again is useless."""
    kept = Kept(tmp_path, READY, monkeypatch)
    kept.root.rmdir()
    async with kept.alive() as task:
        assert await task == 1

    assert "No such file" in kept.worker.said[0]


async def test_a_log_that_somebody_else_put_away_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the time at which it would have been put away."""
    monkeypatch.setattr("amphibus.cli.run.process_logs._ROTATE_BYTES", 3)
    logs = ProcessLogs(tmp_path, ["shelf"], "json")
    logs.take("shelf", "before")
    (tmp_path / "logs/shelf.log").unlink()
    for line in ("after", "and after"):
        logs.take("shelf", line)
    logs.close()

    assert (tmp_path / "logs/shelf.log").read_text() == "and after\n"
    assert (tmp_path / "logs/shelf.log.1").read_text() == "after\n"
