"""What a storm does to a shop. Each fault mends what it broke before it returns."""

import contextlib
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.provider import Provider
from tests.storm.shapes import STOP_SECONDS, ManyProcesses, OneProcess

Stormy = OneProcess | ManyProcesses
Fault = Callable[[Stormy, Random], None]
MOODS: Final = ("hangs", "raises", "exits", "blocks", "swallows")
HANDLER_MOODS: Final = (*MOODS, "commits", "lingers")
_LOOKS: Final = 40


def pause(seconds: float) -> None:
    """Lets the fault last."""
    threading.Event().wait(seconds)


def frozen(shop: Stormy, dice: Random) -> None:
    """One process stands still for a while."""
    with _stopped(_anyone(shop, dice)[1]):
        pause(dice.uniform(1, 9))


def frozen_inside(shop: Stormy, dice: Random) -> None:
    """One process stands still in the middle of a transaction, if one is found there."""
    for _ in range(_LOOKS):
        label, pid = _anyone(shop, dice)
        if label == "gateway":
            continue
        with _stopped(pid):
            pause(0.4 if isinstance(shop, ManyProcesses) else 0)
            if shop.is_inside():
                pause(dice.uniform(2, 12))
                return


def killed(shop: Stormy, dice: Random) -> None:
    """One process dies as in a power failure."""
    shop.kill_one(_anyone(shop, dice)[0])


def asked_to_stop(shop: Stormy, dice: Random) -> None:
    """One process is asked to stop, and has ended in time."""
    seconds = shop.stop_one(_anyone(shop, dice)[0])
    assert seconds <= STOP_SECONDS, f"it took {seconds:.1f} s to stop"


def provider_in_a_mood(shop: Stormy, dice: Random) -> None:
    """The payment provider hangs, raises, exits, blocks the thread, or will not be cancelled."""
    with _mood(shop, "mood", dice.choice(MOODS)):
        pause(dice.uniform(2, 10))


def handlers_in_a_mood(shop: Stormy, dice: Random) -> None:
    """Handlers behave like that, or end their transaction themselves, or leave a task behind that writes."""
    with _mood(shop, "mood of handlers", dice.choice(HANDLER_MOODS)):
        pause(dice.uniform(2, 10))


def provider_away(shop: Stormy, dice: Random) -> None:
    """The payment provider cannot be reached."""
    with Provider(shop.data_dir).away():
        pause(dice.uniform(2, 10))


def stopped_while_the_provider_hangs(shop: Stormy, dice: Random) -> None:
    """A process is asked to stop while calls to the outside will not end."""
    with _mood(shop, "mood", dice.choice(("hangs", "swallows"))):
        pause(1)
        label = "payments" if isinstance(shop, ManyProcesses) else "shop"
        seconds = shop.stop_one(label)
        assert seconds <= STOP_SECONDS, f"it took {seconds:.1f} s to stop"


def disk_full(shop: Stormy, dice: Random) -> None:
    """Nothing can be written in the data folder any more."""
    ballast = shop.data_dir / "ballast"
    _fill(ballast)
    try:
        pause(dice.uniform(2, 8))
    finally:
        ballast.unlink()


def file_locked(shop: Stormy, dice: Random) -> None:
    """Somebody else holds the write lock of one module's file."""
    module = dice.choice(("inventory", "notifications", "orders", "reporting"))
    with closing(sqlite3.connect(shop.data_dir / f"{module}.db", isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout = 5000")
        with contextlib.suppress(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
            pause(dice.uniform(2, 8))
            other.execute("ROLLBACK")


def _anyone(shop: Stormy, dice: Random) -> tuple[str, int]:
    ends = time.monotonic() + STOP_SECONDS
    while not (pids := shop.pids()):
        assert time.monotonic() < ends, "no process is there"
        time.sleep(0.1)
    return dice.choice(sorted(pids.items()))


@contextmanager
def _mood(shop: Stormy, name: str, mood: str) -> Iterator[None]:
    file = shop.data_dir.parent / name
    file.write_text(mood)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)  # two lanes may have given one


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _fill(ballast: Path) -> None:
    """Leaves less than a page."""
    size = shutil.disk_usage(ballast.parent).free
    with ballast.open("wb", buffering=0) as file:
        for step in (size // 2, 65_536, 4_096, 512):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * step)


OF_THE_PROCESS: Final[tuple[Fault, ...]] = (
    frozen,
    frozen_inside,
    killed,
    asked_to_stop,
    stopped_while_the_provider_hangs,
)
OF_CODE: Final[tuple[Fault, ...]] = (provider_in_a_mood, provider_away, handlers_in_a_mood)
OF_FILES: Final[tuple[Fault, ...]] = (disk_full, file_locked)
