"""One supervised process: started, followed, and started again whenever it dies."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from amphibus.cli.places import Place
from amphibus.cli.run.listening import Sockets, handed_down
from amphibus.cli.run.process_logs import ProcessLogs

SUPERVISED: Final = "AMPHIBUS_SUPERVISED"
"""Set for a supervised process: it reports its readiness by a line, and ends with its supervisor."""
READY: Final = "ready "
AGAIN: Final = 75
"""As in `amphibus.host.serve`, which is too much to import for a number: its code changed before it took work."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_LONG_LIFE: Final = 60.0
_LOOK_SECONDS: Final = 0.1
_LONGEST_LINE: Final = 1_000_000
_KEPT_LINES: Final = 40
_LAST_WORDS_SECONDS: Final = 1.0
"""The time for which a process that has ended is read on: a child that it left may hold its output open."""
_NOT_STARTED: Final = 1
_READY_LINE: Final = re.compile(rf"{READY}(https?://\S+:(\d+))")


class Worker:
    """Lives as long as the supervisor; its process may be another one from time to time.

    `<data folder>/run/<label>.pid` names the process. As long as `<label>.hold` beside it names a
    process that lives, a dead one is not started again. Where `<label>.restart` names the one that has
    ended, another one follows at once, as that was wanted.
    """

    def __init__(
        self,
        place: Place,
        options: Sequence[str],
        *,
        root: Path,
        run_dir: Path,
        environment: Mapping[str, str],
        logs: ProcessLogs,
        sockets: Sockets = (),
    ) -> None:
        self.place = place
        self._sockets = sockets
        self.url = ""
        self.said: list[str] = []
        """Its lines before it was ready that are no log lines: an error, if it ends."""
        self._options = options
        self._root = root
        self._environment = dict(environment)
        self._logs = logs
        self._pid_file = run_dir / f"{place.label}.pid"
        self._hold_file = run_dir / f"{place.label}.hold"
        self._restart_file = run_dir / f"{place.label}.restart"
        self._port = place.port
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._was_ready = False

    async def keep(self) -> int:
        """Runs the process again and again until it is stopped; then returns 0.

        If it never came up and said why, returns its exit code: starting it again is useless.
        """
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            code = await self._live()
            if self._stopping:
                return 0
            if code > 0 and code != AGAIN and not self._was_ready:
                return code
            if time.monotonic() - began > _LONG_LIFE:
                pause = _FIRST_PAUSE
            if self._was_to_restart():
                self._logs.say("process.restarting", label=self.place.label)
                continue
            self._tell_end(code, pause)
            await asyncio.sleep(pause)
            while self._held():
                await asyncio.sleep(_LOOK_SECONDS)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def stop(self) -> None:
        """Asks it to stop."""
        self._stopping = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once."""
        self._stopping = True
        self._signal(signal.SIGKILL)

    @property
    def running(self) -> bool:
        """True if it has a process."""
        return self._process is not None and self._process.returncode is None

    async def _live(self) -> int:
        """Runs the process until it ends; returns its exit code."""
        self.said.clear()
        try:
            process = await self._started()
        except OSError as error:  # the machine has no room for another one: there may be some later
            self.said.append(f"it could not be started: {error}")
            return _NOT_STARTED
        with contextlib.suppress(OSError):  # a full disk: it runs all the same
            self._pid_file.write_text(f"{process.pid}\n")
        await self._follow(process)
        with contextlib.suppress(OSError):
            self._pid_file.unlink(missing_ok=True)
        return process.returncode if process.returncode is not None else await process.wait()

    async def _started(self) -> asyncio.subprocess.Process:
        port = self._port - self.place.offset if self._port else 0
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "amphibus.cli", "run"),
            *("--port", str(port), *self._options),
            cwd=self._root,
            env=self._environment | handed_down(self._sockets) | {SUPERVISED: "1"},
            pass_fds=[each.fileno() for each in self._sockets],
            stdin=asyncio.subprocess.PIPE,  # it closes when we die, whatever kills us
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us, and we stop it
        )
        if self._stopping:
            self._signal(signal.SIGTERM)
        self._logs.say("process.started", label=self.place.label, pid=process.pid)
        return process

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        """Takes what it says until it ends."""
        ready = False
        async for line in _lines(process):
            if not ready and (found := _READY_LINE.fullmatch(line)):
                ready = self._was_ready = True
                self.url, self._port = found[1], int(found[2])
            elif ready or line.startswith("{"):
                self._logs.take(self.place.label, line)
            else:
                self.said.append(line)

    def _tell_end(self, code: int, pause: float) -> None:
        for line in self.said[-_KEPT_LINES:]:
            self._logs.take(self.place.label, line)
        ended = signal.Signals(-code).name if code < 0 else f"code {code}"
        self._logs.say(
            "process.ended",
            level="warning",
            label=self.place.label,
            how=ended,
            again_in_seconds=pause,
        )

    def _was_to_restart(self) -> bool:
        """Returns whether somebody wanted the process that has ended to make way for another one."""
        try:
            wanted = self._restart_file.read_text().strip()
            self._restart_file.unlink()
        except OSError:
            return False
        return self._process is not None and wanted == str(self._process.pid)

    def _held(self) -> bool:
        try:
            os.kill(int(self._hold_file.read_text()), 0)
        except (OSError, ValueError):
            return False
        return True

    def _signal(self, which: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(which)


async def _lines(process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    """Yields what it says line by line, however long; cuts a line without an end."""
    rest = b""
    async for chunk in _chunks(process):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
        if len(rest) > _LONGEST_LINE:
            yield rest.decode(errors="replace")
            rest = b""
    if rest:
        yield rest.decode(errors="replace")


async def _chunks(process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
    """Yields what it says; ends with it, whatever it left running."""
    assert process.stdout is not None
    ended = float("inf")
    while time.monotonic() < ended + _LAST_WORDS_SECONDS:
        if process.returncode is not None:
            ended = min(ended, time.monotonic())
        try:
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                chunk = await process.stdout.read(65_536)
        except TimeoutError:
            continue
        if not chunk:
            return
        yield chunk
