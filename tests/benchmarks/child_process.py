"""The other end of `child`: `python -m tests.benchmarks.child_process MODULE SETUP`.

The module has `contestant(setup)`, an async context manager. What that yields is called with each request.
"""

import asyncio
import importlib
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

Request = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answering:
    """A contestant that is ready."""

    answer: Callable[[Request], Awaitable[Any]]
    ready: Any = None
    """What the run is told when it is."""


Contestant = Callable[[Mapping[str, Any]], AbstractAsyncContextManager[Answering]]


async def live(contestant: Contestant, setup: Mapping[str, Any], out: Any) -> None:
    """Answers until nobody asks any more."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with contestant(setup) as ready:
        _say(out, {"result": ready.ready})
        while line := await lines.readline():
            request = json.loads(line)
            try:
                if request["do"] == "usage":
                    _say(out, {"result": usage()})
                else:
                    _say(out, {"result": await ready.answer(request)})
            except Exception:  # noqa: BLE001 - the run shows it and ends
                _say(out, {"error": traceback.format_exc()})


def usage() -> dict[str, float]:
    """What this process has used so far: seconds of CPU; and what it has now: MiB of memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if sys.platform == "linux" else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = pages * os.sysconf("SC_PAGE_SIZE") / 2**20 if pages else peak / 2**20
    return {"cpu": time.process_time(), "memory": size}


def _say(out: Any, what: Any) -> None:
    out.write(json.dumps(what) + "\n")
    out.flush()


def main() -> None:
    """The process."""
    # Whatever else prints must not be taken for an answer.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module = importlib.import_module(sys.argv[1])
    uvloop.run(live(module.contestant, json.loads(sys.argv[2]), out))


if __name__ == "__main__":
    main()
