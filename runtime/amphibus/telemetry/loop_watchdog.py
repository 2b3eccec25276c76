"""Finds what blocks the event loop: a thread looks whether the loop still beats, and names the frame that holds it.

Code that blocks its thread (a sleep, a naive HTTP call, a long computation) stops every module of the
process, and messages that have nothing to do with it come late. Only another thread can see it happen.
"""

import asyncio
import sys
import sysconfig
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Final

_LOOKS_WITHIN_LIMIT: Final = 4
_FRAMES: Final = 12
_BEATS: Final = 240
"""The beats that `lag` looks back at: a minute, by the usual limit."""
_IMPORTING: Final = "<frozen importlib"
_THE_LOOP: Final = asyncio.__path__[0]
_NOT_THEIRS: Final = (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"))


@dataclass(frozen=True, slots=True)
class Blocked:
    """The loop gave no sign of life for some time."""

    seconds: float
    frame: str
    """The innermost frame that is neither Python's own nor a library's: file, line and function."""
    stack: str
    over: bool
    """The loop goes on again, after so many seconds in all."""


class LoopWatchdog:
    """Watches the loop on which it is started. Lives as long as its process serves."""

    def __init__(self, limit_seconds: float, told: Callable[[Blocked], None]) -> None:
        self._limit = limit_seconds
        self._told = told
        self._beat_at = time.monotonic()
        self._due = 0.0
        self._late: deque[float] = deque((0.0,), maxlen=_BEATS)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begins to watch; `told` is called from another thread."""
        loop = asyncio.get_running_loop()
        self._beat(loop)
        self._thread = threading.Thread(
            target=self._watch, args=(threading.get_ident(),), name="watchdog", daemon=True
        )
        self._thread.start()

    def lag(self) -> float:
        """Returns by how many seconds the loop was late at most, in its last beats."""
        return max(self._late)

    def stop(self) -> None:
        """Ends. Twice is once, and without a start nothing."""
        self._ended.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = self._beat_at = time.monotonic()
        self._late.append(max(0.0, now - self._due) if self._due else 0.0)
        pause = self._limit / _LOOKS_WITHIN_LIMIT
        self._due = now + pause
        self._timer = loop.call_later(pause, self._beat, loop)

    def _watch(self, thread: int) -> None:
        found: Blocked | None = None
        while not self._ended.wait(self._limit / _LOOKS_WITHIN_LIMIT):
            silent = time.monotonic() - self._beat_at
            frame = _frame_of(thread) if silent >= self._limit else None
            if silent < self._limit or (found is None and _imports(frame)):
                if found is not None:
                    self._told(Blocked(found.seconds, found.frame, found.stack, over=True))
                found = None
                continue
            first = found is None
            found = _blocked(silent, frame) if first or found is None else _longer(found, silent)
            if first:
                self._told(found)


def _frame_of(thread: int) -> FrameType | None:
    return sys._current_frames().get(thread)  # noqa: SLF001 - documented, and there is no other way


def _imports(frame: FrameType | None) -> bool:
    """Tells whether code is being imported: it happens once, mostly at the start, and nobody is to blame."""
    while frame is not None and not frame.f_code.co_filename.startswith(_THE_LOOP):
        if frame.f_code.co_filename.startswith(_IMPORTING):
            return True
        frame = frame.f_back
    return False


def _longer(found: Blocked, seconds: float) -> Blocked:
    return Blocked(seconds, found.frame, found.stack, over=False)


def _blocked(seconds: float, frame: FrameType | None) -> Blocked:
    frames = traceback.extract_stack(frame)[-_FRAMES:] if frame is not None else []
    theirs = [each for each in frames if not each.filename.startswith(_NOT_THEIRS)]
    culprit = (theirs or frames)[-1] if frames else None
    where = f"{culprit.filename}:{culprit.lineno} {culprit.name}" if culprit else "unknown"
    return Blocked(seconds, where, "".join(traceback.format_list(frames)), over=False)
