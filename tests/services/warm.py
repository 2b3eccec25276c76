"""Commands of `amphibus` as processes of their own that need not load it: each is forked from one that has.

A start takes a second of a processor, a test has several, and what they say is the same.
"""

import atexit
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import IO

_READY_SECONDS = 120.0
_ENDS_WITHIN_SECONDS = 240.0


class Forked:
    """A command that runs, with as much of the face of `subprocess.Popen` as tests use."""

    def __init__(self, words: Sequence[str], connection: socket.socket) -> None:
        self._words = words
        self._connection = connection
        self._answer = b""
        self._code: int | None = None
        self.pid = int(self._line())

    def poll(self) -> int | None:
        """Returns its exit code, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end, for so many seconds; returns its exit code.

        Raises:
            subprocess.TimeoutExpired: it runs still.
        """
        if self._code is None:
            if b"\n" not in self._answer and not self._tells_within(timeout):
                raise subprocess.TimeoutExpired(self._words, timeout or 0)
            self._code = int(self._line())
            self._connection.close()
        return self._code

    def send_signal(self, number: int) -> None:
        """Sends it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)

    def _tells_within(self, seconds: float | None) -> bool:
        return bool(select.select((self._connection,), (), (), seconds)[0])

    def _line(self) -> bytes:
        while b"\n" not in self._answer:
            more = self._connection.recv(64)
            assert more, f"whoever started it is gone: {' '.join(self._words)}"
            self._answer += more
        line, _, self._answer = self._answer.partition(b"\n")
        return line


class WarmProcess:
    """The one that has loaded everything."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="warm-")
        self._path = str(Path(self._folder) / "socket")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.services.warm_process", self._path],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
        )
        atexit.register(self.end)

    def run(
        self,
        words: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        stdin: str = "",
        joined: bool = False,
        timeout: float = _ENDS_WITHIN_SECONDS,
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a command; `joined` gives both outputs in one, in the order of what was said.

        Raises:
            subprocess.TimeoutExpired: it has not ended in time, and was killed.
        """
        with ExitStack() as stack:
            given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
            given.write(stdin.encode())
            given.seek(0)
            outputs = (given, out, out if joined else err)
            forked = self._start(words, cwd, environ, outputs)
            try:
                code = forked.wait(timeout)
            finally:
                forked.kill()
            return subprocess.CompletedProcess(words, code, _read(out), _read(err))

    def start(
        self, words: Sequence[str], *, cwd: Path, environ: Mapping[str, str], out: Path, err: Path
    ) -> "Forked":
        """Starts a command, and returns while it runs; what it says is added to files, which may be one."""
        with Path(os.devnull).open("rb") as nothing, out.open("ab") as said, err.open("ab") as log:
            return self._start(words, cwd, environ, (nothing, said, log))

    def _start(
        self,
        words: Sequence[str],
        cwd: Path,
        environ: Mapping[str, str],
        streams: Sequence[IO[bytes]],
    ) -> "Forked":
        request = {"words": list(words), "cwd": str(cwd), "environ": dict(environ)}
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_READY_SECONDS)
        self._connect(connection)
        socket.send_fds(connection, [b" "], [each.fileno() for each in streams])
        connection.sendall(json.dumps(request).encode() + b"\n")
        return Forked(words, connection)

    def _connect(self, connection: socket.socket) -> None:
        ends = time.monotonic() + _READY_SECONDS
        while True:
            try:
                return connection.connect(self._path)
            except (FileNotFoundError, ConnectionRefusedError):
                assert self._process.poll() is None, "it did not start"
                assert time.monotonic() < ends, "it does not start in time"
                time.sleep(0.02)

    def end(self) -> None:
        """Lets it end; commands that run go on."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


@cache
def warm_process() -> WarmProcess:
    """The one of this process, started when it is first asked for."""
    return WarmProcess()


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
