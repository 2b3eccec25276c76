"""Commands of `amphibus` as processes of their own that need not load it: each is forked from one that has.

A start takes a second of a processor, a test has several, and what they say is the same.
"""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import IO

_READY_SECONDS = 120.0
_ENDS_WITHIN_SECONDS = 240.0


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
            TimeoutError: it has not ended in time, and was killed.
        """
        with ExitStack() as stack:
            given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
            given.write(stdin.encode())
            given.seek(0)
            outputs = (given, out, out if joined else err)
            code = self._ended(words, cwd, environ, outputs, timeout)
            return subprocess.CompletedProcess(words, code, _read(out), _read(err))

    def _ended(
        self,
        words: Sequence[str],
        cwd: Path,
        environ: Mapping[str, str],
        outputs: Sequence[IO[bytes]],
        timeout: float,
    ) -> int:
        request = {"words": list(words), "cwd": str(cwd), "environ": dict(environ)}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_READY_SECONDS)
            self._connect(connection)
            socket.send_fds(connection, [b" "], [each.fileno() for each in outputs])
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile() as answer:
                child = int(answer.readline())
                connection.settimeout(timeout)
                try:
                    return int(answer.readline())
                except TimeoutError:
                    os.kill(child, signal.SIGKILL)
                    raise

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
