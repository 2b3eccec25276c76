"""The threads in which adapters call the outside, so that the loop goes on meanwhile.

There is one for each call that may run at once, so that a module whose outside hangs leaves none of the others without;
and a call that hangs for good does not hold up the end of the process, as Python's own threads would.
"""

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import structlog

from amphibus.config.settings import BusSettings

_log: Any = structlog.get_logger()
_NAME: Final = "outside"
_GRACE_SECONDS: Final = 0.2


class OutsideThreads:
    """What `asyncio.to_thread` runs in. Lives as long as its process serves."""

    def __init__(self, modules: int, settings: BusSettings) -> None:
        self._pool = ThreadPoolExecutor(
            modules * settings.outside_concurrency, thread_name_prefix=_NAME
        )
        asyncio.get_running_loop().set_default_executor(self._pool)

    def end(self, code: int) -> int:
        """Ends the process at once if a call still hangs; else returns the code that it is to end with.

        Nothing is lost by it: what the call was for is not committed, and is done again at the next start.
        """
        self._pool.shutdown(wait=False, cancel_futures=True)
        hanging = _alive(time.monotonic() + _GRACE_SECONDS)
        if hanging:
            _log.warning(
                "process.warning",
                what=f"{hanging} calls to the outside still hang",
                why="the process ends without their answers; they are made again at the next start",
                fix="give the calls of the adapter a timeout",
            )
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        return code


def _alive(ends: float) -> int:
    """How many of our threads still run at that time; those without work end by themselves."""
    threads = [each for each in threading.enumerate() if each.name.startswith(f"{_NAME}_")]
    for each in threads:
        each.join(max(0.0, ends - time.monotonic()))
    return sum(each.is_alive() for each in threads)
