"""The stream that log lines go to: it neither fails nor waits for long, since no work depends on who reads them.

A terminal that was stopped, a collector that hangs and a full disk would otherwise hold or fail whatever
writes a line, which is mostly what tells of a failure. Lines that cannot be written are counted.
"""

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Final, TextIO

_PATIENCE_SECONDS: Final = 1.0
"""The time that lines wait, all together, for whoever reads slowly or not at all."""
_REGAINED: Final = 0.01
"""The part of that which comes back in a second: a reader that is slow for hours holds up one hundredth of them."""
_AT_ONCE: Final = 4_096
"""Bytes that a pipe takes without a wait, where it takes any."""


class LogStream:
    """The stream of a process, for whole lines. Threads may share it."""

    def __init__(
        self,
        stream: TextIO,
        *,
        patience: float = _PATIENCE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._patience = self._left = patience
        self._now = now
        self._looked = now()
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._stuck = self._torn = False
        self._lock = threading.Lock()
        self._file = _number_of(stream)
        self.left_out = 0
        """How many lines could not be written since the last one that could."""

    def write(self, line: str) -> None:
        """Writes a line, or counts it."""
        with self._lock:
            try:
                written = self._written(line)
            except (OSError, ValueError):  # no room, nobody there, or closed
                written = False
            self.left_out = 0 if written else self.left_out + 1

    def flush(self) -> None:
        """Does nothing: each line is written at once."""

    def _written(self, line: str) -> bool:
        if self._file is None:
            self._stream.write(line)
            self._stream.flush()
            return True
        text = f"\n{line}" if self._torn else line
        left = memoryview(text.encode(self._encoding, "backslashreplace"))
        begun = False
        while left:
            if not self._takes_more(self._file):
                self._torn |= begun
                return False
            left = left[os.write(self._file, left[:_AT_ONCE]) :]
            begun = True
        self._torn = False
        return True

    def _takes_more(self, file: int) -> bool:
        poll, began = select.poll(), self._now()
        poll.register(file, select.POLLOUT)
        regained = (began - self._looked) * _REGAINED * self._patience
        self._left = min(self._patience, self._left + regained)
        found = poll.poll(0 if self._stuck else self._left * 1_000)
        self._looked = self._now()
        self._left = max(0.0, self._left - (self._looked - began))
        self._stuck = not found
        return bool(found)


def _number_of(stream: TextIO) -> int | None:
    """Returns the number of the file below a stream; None where it has none of its own."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stream.flush()
        return stream.fileno()
    return None
