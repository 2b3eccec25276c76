"""Commands that go on running: what they say, where they listen, how they end."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.services.warm import warm_process

WITHIN_SECONDS = 100.0


def until(
    holds: Callable[[], bool],
    what: str,
    otherwise: Callable[[], str] = str,
    within: float = WITHIN_SECONDS,
) -> None:
    """Asks again until it holds, for a while."""
    ends = time.monotonic() + within
    while not holds():
        assert time.monotonic() < ends, f"not so in time: {what}\n{otherwise()}"
        time.sleep(0.05)


class Running:
    """`amphibus run` with some options, as a process."""

    def __init__(
        self, root: Path, *options: str, environ: Mapping[str, str], said: Path | None = None
    ) -> None:
        self.root = root
        folder = (said or root) / "said"
        folder.mkdir(exist_ok=True)
        number = len(list(folder.iterdir()))
        self._out, self._err = folder / f"{number}.out", folder / f"{number}.err"
        self.process = warm_process().start(
            ("run", *options),
            cwd=root,
            environ=_clean() | dict(environ),
            out=self._out,
            err=self._err,
        )

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def until_said(self, text: str, within: float = WITHIN_SECONDS) -> None:
        """Waits until it has said something, on whichever stream."""
        until(
            lambda: text in self.out + self.err or self.process.poll() is not None,
            text,
            lambda: self.out + self.err,
            within,
        )
        assert text in self.out + self.err, self.out + self.err

    def named(self, what: str) -> str:
        """What its greeting names: `API`, `Health`, `Broker`."""
        line = next(line for line in self.out.splitlines() if line.split()[:1] == [what])
        return line.split(maxsplit=1)[1]

    def stop(self) -> int:
        """Asks it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WITHIN_SECONDS)

    def end(self) -> int:
        """Waits until it ends by itself; its exit code."""
        return self.process.wait(WITHIN_SECONDS)


@contextmanager
def running(
    root: Path, *options: str, environ: Mapping[str, str], said: Path | None = None
) -> Iterator[Running]:
    """One that is stopped at the end, whatever happens; what it says goes to files under `said`."""
    command = Running(root, *options, environ=environ, said=said)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.process.terminate()
            try:
                command.process.wait(20)
            except subprocess.TimeoutExpired:
                command.process.kill()
                command.process.wait()


def typed(
    root: Path, *words: str, environ: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    return warm_process().run(words, cwd=root, environ=_clean() | dict(environ))


def answer(url: str) -> tuple[int, Any]:
    """Status and body of what is there; 0 if nobody listens."""
    try:
        response = httpx.get(url, timeout=5)
    except httpx.TransportError:
        return 0, None
    kind = response.headers.get("content-type", "")
    return response.status_code, response.json() if "json" in kind else response.text


def free_ports(count: int) -> int:
    """The first of several ports in a row that nobody listens on.

    They lie below those that systems give to connections, which come and go.
    """
    while True:
        first = random.randrange(20_000, 32_000)
        if all(_is_free(first + more) for more in range(count)):
            return first


def _is_free(port: int) -> bool:
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except (OSError, OverflowError):
        return False
    return True


def lives(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AMPHIBUS_")}
