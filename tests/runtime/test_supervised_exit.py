"""A long-lived task that somebody's `sys.exit` reaches is begun again, as after any other failure."""

import asyncio
import sys

import pytest

from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health


def test_an_exit_in_a_task_does_not_end_its_process() -> None:
    """In a loop of its own: an exit ends that of a test with all others."""
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            sys.exit(3)
        again.set()
        await asyncio.Event().wait()

    async def main() -> None:
        task = Supervisor(Health(), first_pause_seconds=0.0).task("writer:orders", work)
        await task.start()
        async with asyncio.timeout(100):
            await again.wait()
        await task.stop()

    again = asyncio.Event()
    try:
        asyncio.run(main())
    except SystemExit:
        pytest.fail("it ended the loop")

    assert begun == 2
