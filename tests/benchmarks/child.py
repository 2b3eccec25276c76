"""A contestant in a process of its own, seen from the run: started, asked, stopped.

It is asked in lines of JSON over its standard input and answers in lines of JSON.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
_STARTS_WITHIN: Final = 60.0
_ANSWERS_WITHIN: Final = 300.0
_STOPS_WITHIN: Final = 20.0
_SHOWN_CHARACTERS: Final = 3_000
_LONGEST_LINE: Final = 1 << 24


class Broken(RuntimeError):
    """A contestant did not do its part."""


class Child:
    """Lives as long as its process; begin it with `contestant`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.pid = process.pid
        self.ready: Any = None
        """What it said when it was ready."""
        self._process = process
        self._log = log
        self._asking = asyncio.Lock()

    async def ask(self, do: str, **more: Any) -> Any:
        """Has it do something and returns what it answers.

        Raises:
            Broken: it failed, ended, or took too long.
        """
        assert self._process.stdin is not None
        async with self._asking:
            self._process.stdin.write(json.dumps({"do": do} | more).encode() + b"\n")
            return await self.answer(_ANSWERS_WITHIN)

    async def answer(self, within: float) -> Any:
        """The next thing that it says."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(within):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise Broken(f"{self.name} said nothing for {within:g} s: {self._said()}") from None
        if not line:
            raise Broken(f"{self.name} ended: {self._said()}")
        found = json.loads(line)
        if "error" in found:
            raise Broken(f"{self.name}: {found['error']}")
        return found["result"]

    async def stop(self) -> None:
        """Asks it to end by closing its standard input; ends it if it does not."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_STOPS_WITHIN):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-_SHOWN_CHARACTERS:]


@asynccontextmanager
async def contestant(module: str, log: Path, /, **setup: Any) -> AsyncIterator[Child]:
    """Starts `tests.benchmarks.<module>` in a process, with its `setup`; ends it with the block.

    What it prints goes into the file `log`.

    Raises:
        Broken: it was not ready in time.
    """
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.benchmarks.child_process", f"tests.benchmarks.{module}"),
            json.dumps(setup),
            cwd=ROOT,
            env=clean_environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=_LONGEST_LINE,
        )
    child = Child(module, process, log)
    try:
        child.ready = await child.answer(_STARTS_WITHIN)
        yield child
    finally:
        await child.stop()


def clean_environment() -> dict[str, str]:
    """Ours without settings that are meant for other instances."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AMPHIBUS_")}
