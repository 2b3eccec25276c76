"""The steps of a stop end in their time, whatever they wait for."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from amphibus.host.ending import Ending, tasks_left


async def _deaf(until: asyncio.Event) -> None:
    while not until.is_set():
        try:
            await until.wait()
        except asyncio.CancelledError:
            continue


@pytest.mark.asyncio
async def test_a_step_that_swallows_its_cancellation_is_left() -> None:
    go, began = asyncio.Event(), time.monotonic()
    done = await Ending(5).step("the writer", _deaf(go), within=0.05)
    assert not done
    assert time.monotonic() - began < 3
    go.set()


@pytest.mark.asyncio
async def test_all_steps_together_end_in_the_time_of_the_stop() -> None:
    ending = Ending(0.2)
    async with asyncio.timeout(100):
        for _ in range(3):
            assert not await ending.step("the transport", asyncio.Event().wait(), within=3000)  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_an_error_of_a_step_is_told_and_holds_up_no_other() -> None:
    async def broken() -> None:
        message = "the socket is gone"
        raise OSError(message)

    with capture_logs() as lines:
        assert not await Ending(5).step("the transport", broken(), within=1)
        assert await Ending(5).step("the modules", asyncio.sleep(0), within=1)

    (line,) = lines
    assert (line["event"], line["why"]) == ("process.warning", "OSError: the socket is gone")


def test_a_task_that_does_not_end_at_the_end_of_the_process_is_named() -> None:
    async def process() -> list[str]:
        go = asyncio.Event()
        task = asyncio.create_task(_deaf(go), name="a library's own")
        await asyncio.sleep(0)
        left = await tasks_left()
        go.set()
        await task
        return left

    assert asyncio.run(process()) == ["a library's own"]
