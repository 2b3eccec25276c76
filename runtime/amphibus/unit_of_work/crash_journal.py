"""Finds the poison message that kills its process, without blaming the innocent ones beside it.

Each process notes in one small file which message's code begins, which waits, and which has ended; it
syncs nothing, since the file only has to outlive the process, not the machine. A message whose code ran
when a process died is suspect: it is rerun alone, and only a death while it ran alone counts against
it. A message that waits for an answer from outside, a commit, an acknowledgement or its turn runs no
code: a kill from outside at such a moment, however often it comes, counts against nobody.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Awaitable, Coroutine, Generator, Iterator
from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

Identity = tuple[str, str, str]
"""Module, source and id of a message."""
_TRUNCATE_AT = 1 << 20
_OPEN = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
T = TypeVar("T")

current: ContextVar[Identity | None] = ContextVar("current", default=None)
"""The message whose code runs, for threads that it hands work to."""


class CrashJournal:
    """The work under way in this process, in a file. `suspects` are left from a process that died."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._under_way: set[Identity] = set()
        self._running: set[Identity] = set()
        """Those of them whose code does not wait."""
        self._size = 0
        self._alone: Identity | None = None
        self._lone: set[Identity] = set()
        """Those of whom a death of the process would be the fault."""
        self.suspects: dict[Identity, int] = {}
        """Each with the number of processes that died while it ran alone."""
        self.now: Identity | None = None
        """The message whose code the loop runs at this moment, for whoever looks from another thread."""
        self._file = -1
        self._torn = False

    def open(self) -> None:
        """Reads the last process's journal and begins anew.

        Each instance on a folder has a journal of its own: the first that no living instance has.
        """
        held = self._take()
        self._read(self._path.read_text(encoding="ascii", errors="replace"))
        try:
            fresh = self._written_anew()
        except OSError:  # on a full disk there is room only in what it has
            self._file = held
            self._shorten()
            return
        self._size = fresh.stat().st_size
        self._file = os.open(fresh, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        fresh.replace(self._path)
        os.close(held)

    def _written_anew(self) -> Path:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(self._of_suspects(), encoding="ascii")
        return fresh

    def _take(self) -> int:
        first, number = self._path, 1
        while True:
            held = os.open(self._path, _OPEN, 0o644)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(held), self._path.stat()):
                    return held
            except BlockingIOError:
                number += 1
                self._path = first.with_stem(f"{first.stem}-{number}")
            except FileNotFoundError:
                pass  # its last holder removed it since it was opened; one that was replaced is another
            os.close(held)

    def close(self) -> None:
        """Notes that the process ended by itself, so its unfinished work is not to blame. Twice is once."""
        if self._file < 0:
            return
        os.close(self._file)
        self._file = -1
        with contextlib.suppress(OSError):  # a full disk: what stands there says too much
            if self.suspects:
                self._written_anew().replace(self._path)
            else:
                self._path.unlink(missing_ok=True)

    @property
    def under_way(self) -> AbstractSet[Identity]:
        """The messages whose code runs or waits."""
        return self._under_way

    def watched(self, who: Identity, code: Coroutine[Any, Any, T]) -> "Watched[T]":
        """Returns a module's own code for a message, which is suspect while it runs and not while it waits."""
        return Watched(self, who, code)

    @contextlib.contextmanager
    def running(self, who: Identity) -> Iterator[None]:
        """Around code that runs in a thread while the message's own waits for it."""
        self.begin(who)
        try:
            yield
        finally:
            self.waits(who)

    def begin(self, who: Identity) -> None:
        """Notes that a message's own code is about to run."""
        self._under_way.add(who)
        self._running.add(who)
        self._write(_line("+", who))

    def waits(self, who: Identity) -> None:
        """Its code waits for something, and another's may run."""
        self._running.discard(who)
        self._write(_line("=", who))

    def alone(self, who: Identity) -> None:
        """Notes that a suspect begins to run alone: if the process dies before it ends, it is to blame."""
        self._alone = who
        self._lone.add(who)
        self._write(_line("!", who))

    def not_alone(self, who: Identity) -> None:
        """Others run beside it from now on: if the process dies, it is not known who is to blame."""
        self._lone.discard(who)
        self._write(_line("/", who))

    def finish(self, who: Identity) -> None:
        """Notes that its code has returned or raised."""
        self._running.discard(who)
        self._lone.discard(who)
        self._under_way.discard(who)
        self._write(_line("-", who))
        if self._size > _TRUNCATE_AT:
            self._shorten()

    def cleared(self, who: Identity) -> None:
        """Clears a suspect that survived its run alone, or is dead now."""
        suspected = self.suspects.pop(who, None) is not None
        if suspected or who == self._alone:  # one that came twice ran alone twice
            self._alone = None
            self._lone.discard(who)
            self._running.discard(who)
            self._write(_line("~", who))

    def _write(self, lines: str) -> None:
        """Never fails: on a full disk it is enough that messages are handled, unwatched."""
        text = f"\n{lines}" if self._torn else lines
        if self._file < 0:
            return
        try:
            written = os.write(self._file, text.encode())
            self._size += written
            self._torn = written < len(text)
        except OSError:
            self._torn = True

    def _shorten(self) -> None:
        """Writes anew what counts now: under a steady load there is no moment at which nothing is under way."""
        os.ftruncate(self._file, 0)
        self._size = 0
        marks = (("+", self._running), ("!", self._lone))
        lines = "".join(_line(mark, who) for mark, some in marks for who in some)
        self._write(self._of_suspects() + lines)

    def _of_suspects(self) -> str:
        return "".join(_line("#", who, count) for who, count in self.suspects.items())

    def _read(self, text: str) -> None:
        begun: dict[Identity, None] = {}
        alone: set[Identity] = set()
        for line in text.split("\n"):
            mark, who, count = _parsed(line)
            match mark:
                case "#":
                    self.suspects[who] = count
                case "+":
                    begun[who] = None
                case "!":
                    alone.add(who)
                case "=":
                    begun.pop(who, None)
                case "/":
                    alone.discard(who)
                case "-":
                    begun.pop(who, None)
                    alone.discard(who)
                case "~":
                    self.suspects.pop(who, None)
                    begun.pop(who, None)
                    alone.discard(who)
        self._blame(list(begun), alone)

    def _blame(self, begun: list[Identity], alone: set[Identity]) -> None:
        for who in begun:
            to_blame = len(begun) == 1 or who in alone
            self.suspects[who] = self.suspects.get(who, 0) + int(to_blame)


class Watched(Awaitable[T]):
    """Awaits a coroutine step by step: it is suspect from each step's begin to the next wait."""

    __slots__ = ("_code", "_journal", "_who")

    def __init__(self, journal: CrashJournal, who: Identity, code: Coroutine[Any, Any, T]) -> None:
        self._journal = journal
        self._who = who
        self._code = code

    def __await__(self) -> Generator[Any, Any, T]:
        journal, who, code = self._journal, self._who, self._code
        before = current.get()
        current.set(who)
        journal.now = who
        journal.begin(who)
        step: Any = partial(code.send, None)
        try:
            while True:
                try:
                    waited_for = step()
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
                journal.now = None
                journal.waits(who)
                try:
                    step = partial(code.send, (yield waited_for))
                except BaseException as error:  # noqa: BLE001 - handed on to the code that waited
                    step = partial(code.throw, error)
                journal.now = who
                journal.begin(who)
        finally:
            journal.now = None
            journal.finish(who)
            current.set(before)


def _line(mark: str, who: Identity, count: int = 0) -> str:
    """One line of ASCII, whatever is in an id."""
    return f"{mark}{_encoded(who, count)}\n"


@lru_cache(maxsize=256)
def _encoded(who: Identity, count: int) -> str:
    """The text of a line beside its mark: the same for each step of a message."""
    return json.dumps([*who, count])


def _parsed(line: str) -> tuple[str, Identity, int]:
    """A line that was torn, by a full disk or a power cut, says nothing."""
    try:
        module, source, identity, count = json.loads(line[1:])
        return line[0], (str(module), str(source), str(identity)), int(count)
    except (ValueError, TypeError):
        return "", ("", "", ""), 0
