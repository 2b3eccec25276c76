"""A loop that stands still is noticed, and whoever holds it is named."""

import asyncio
import threading

import pytest

from amphibus.telemetry.loop_watchdog import Blocked, LoopWatchdog

_LIMIT_SECONDS = 0.05


@pytest.mark.asyncio
async def test_who_blocks_the_loop_is_named_while_he_does_and_when_it_is_over() -> None:
    told, noticed, over = list[Blocked](), threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell(blocked: Blocked) -> None:
        told.append(blocked)
        noticed.set()
        if blocked.over:
            loop.call_soon_threadsafe(over.set)

    def naive_http_call() -> None:
        noticed.wait(30)

    watchdog = LoopWatchdog(_LIMIT_SECONDS, tell)
    watchdog.start()
    try:
        naive_http_call()
        await over.wait()
    finally:
        watchdog.stop()

    first, last = told[0], told[-1]
    assert first.frame.endswith("naive_http_call")
    assert "test_loop_watchdog.py" in first.stack
    assert (first.over, last.over) == (False, True)
    assert last.seconds >= first.seconds >= _LIMIT_SECONDS


@pytest.mark.asyncio
async def test_a_watchdog_stops_twice_and_without_a_start() -> None:
    watchdog = LoopWatchdog(_LIMIT_SECONDS, print)
    watchdog.stop()
    watchdog.stop()
