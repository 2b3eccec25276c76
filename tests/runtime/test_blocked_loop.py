"""Code that blocks its whole process is named in the log, counted, and told by /readyz for a while."""

import asyncio
import importlib
import threading
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from amphibus.host.blocked import BlockedLoop
from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import Meters
from amphibus.unit_of_work.crash_journal import CrashJournal

pytestmark = pytest.mark.asyncio


async def test_whose_code_blocks_is_said_once_counted_and_told_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    health, meters, journal = Health(), Meters(), CrashJournal(tmp_path / "crash.journal")
    health.started()
    journal.open()
    noticed = threading.Event()
    watch = BlockedLoop(0.05, health=health, meters=meters, journal=journal)
    told = watch._watchdog._told  # type: ignore[union-attr]

    def also_notice(blocked: Any) -> None:
        told(blocked)
        noticed.set()

    monkeypatch.setattr(watch._watchdog, "_told", also_notice)

    async def naive_handler() -> None:
        noticed.wait(30)

    with capture_logs() as lines:
        watch.start()
        try:
            await journal.watched(("payments", "orders", "m-1"), naive_handler())
            async with asyncio.timeout(100):
                while not health.degraded:
                    await asyncio.sleep(0.01)
        finally:
            watch.stop()
            journal.close()

    first, last = lines[0], lines[-1]
    assert (first["event"], last["event"]) == ("process.blocked", "process.unblocked")
    assert first["frame"].endswith("naive_handler")
    assert (first["module"], first["message_id"]) == ("payments", "m-1")
    assert "test_blocked_loop.py" in first["stack"]
    assert health.ready
    assert "m-1 of payments" in health.degraded["loop"]
    assert meters.registry.get_sample_value("amphibus_loop_blocked_total") == 1


async def test_an_import_that_takes_long_blames_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watchdog looks several times while a module is imported, and then sees the loop beat again."""
    health, journal = Health(), CrashJournal(tmp_path / "crash.journal")
    watch = BlockedLoop(0.02, health=health, meters=Meters(), journal=journal)
    looks = threading.Semaphore(0)
    waits = watch._watchdog._ended.wait  # type: ignore[union-attr]

    def looking(seconds: float) -> bool:
        looks.release()
        return waits(seconds)

    monkeypatch.setattr(watch._watchdog._ended, "wait", looking)  # type: ignore[union-attr]
    (tmp_path / "imported_slowly.py").write_text(
        "import builtins\nfor _ in range(20): builtins.looks.acquire()\n"
    )
    monkeypatch.setattr("builtins.looks", looks, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with capture_logs() as lines:
        watch.start()
        importlib.import_module("imported_slowly")
        watch.stop()
    assert lines == []


async def test_a_limit_of_nothing_watches_nothing(tmp_path: Path) -> None:
    journal = CrashJournal(tmp_path / "crash.journal")
    watch = BlockedLoop(0, health=Health(), meters=Meters(), journal=journal)
    before = threading.active_count()
    watch.start()
    assert threading.active_count() == before
    watch.stop()
