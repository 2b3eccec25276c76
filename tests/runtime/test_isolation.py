"""Something runs alone, and nobody is held up for long by it or by what hangs."""

import asyncio

import pytest

from amphibus.unit_of_work.isolation import Isolation


@pytest.mark.asyncio
async def test_alone_is_alone_once_the_others_have_ended() -> None:
    isolation, ended = Isolation(), list[str]()

    async def other() -> None:
        with isolation.shared():
            await asyncio.sleep(0)
            ended.append("other")

    task = asyncio.ensure_future(other())
    await asyncio.sleep(0)
    async with isolation.alone() as alone:
        assert alone
        assert isolation.closed
        assert ended == ["other"]
    assert not isolation.closed
    await task


@pytest.mark.asyncio
async def test_who_runs_alone_waits_a_moment_only_for_the_others() -> None:
    """One that hangs may hang for a minute; everything else would stand as long."""
    isolation = Isolation()
    with isolation.shared():
        async with asyncio.timeout(100), isolation.alone() as alone:
            assert not alone
            assert not isolation.closed


@pytest.mark.asyncio
async def test_who_is_cancelled_before_it_runs_alone_lets_the_others_in() -> None:
    """Its module is stopped, say; the writers of all others of the process would wait for ever."""
    isolation = Isolation()

    async def suspect() -> None:
        async with isolation.alone():
            pass

    with isolation.shared():
        waiting = asyncio.ensure_future(suspect())
        await asyncio.sleep(0)
        assert isolation.closed
        waiting.cancel()
        await asyncio.wait([waiting])
    assert not isolation.closed
