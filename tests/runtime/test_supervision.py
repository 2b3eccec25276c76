"""A long-lived task that fails is begun again and told of; one that fails again and again is given up aloud."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from structlog.testing import capture_logs

from amphibus import supervision
from amphibus.supervision import SupervisedTask, Supervisor
from amphibus.telemetry.app import signals_app
from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import Meters

pytestmark = pytest.mark.asyncio
Body = Callable[[], Awaitable[None]]


class Loop:
    """Does in its first turns what it is given, and waits for ever in all later ones."""

    def __init__(self, *turns: Body) -> None:
        self._turns = list(turns)
        self.begun = 0
        self.waits = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        if self._turns:
            await self._turns.pop(0)()
            return
        self.waits.set()
        await asyncio.Event().wait()


async def fail() -> None:
    message = "the wire was cut"
    raise ConnectionError(message)


async def return_at_once() -> None:
    """Does nothing."""


async def meet_a_cancelled_future() -> None:
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


def made(work: Body, health: Health | None = None) -> SupervisedTask:
    supervisor = Supervisor(health or Health(), first_pause_seconds=0.0)
    return supervisor.task("writer:orders", work)


async def livez(health: Health) -> tuple[int, str]:
    transport = httpx.ASGITransport(signals_app(health, Meters()))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.get("/livez")
    return answer.status_code, answer.text


@pytest.mark.parametrize("ending", [fail, return_at_once, meet_a_cancelled_future])
async def test_a_task_that_ends_is_begun_again_and_told_of(ending: Body) -> None:
    health, meters, loop = Health(), Meters(), Loop(ending)
    health.started()
    health.on_task_restart = meters.task_restarted
    task = made(loop, health)
    with capture_logs() as lines:
        await task.start()
        async with asyncio.timeout(100):
            await loop.waits.wait()
    reasons = health.reasons()
    await task.stop()

    assert loop.begun == 2
    assert "its task failed, 1 times by now" in reasons["writer:orders"]
    assert [(each["event"], each["task"], each["times"]) for each in lines] == [
        ("task.failed", "writer:orders", 1)
    ]
    counted = {"task": "writer:orders"}
    assert meters.registry.get_sample_value("amphibus_task_restarts_total", counted) == 1


async def test_a_task_that_works_again_is_no_reason_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervision, "_WORKS_SECONDS", 0.01)
    health, loop = Health(), Loop(fail)
    health.started()
    task = made(loop, health)
    with capture_logs() as lines:
        await task.start()
        async with asyncio.timeout(100):
            await loop.waits.wait()
            while not health.ready:
                await asyncio.sleep(0.001)
    await task.stop()

    assert [each["event"] for each in lines] == ["task.failed", "task.restarted"]


async def test_a_task_that_fails_again_and_again_makes_the_process_hopeless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervision, "_WORKS_SECONDS", 3600.0)
    health, loop = Health(), Loop(*[fail] * 5)
    task = made(loop, health)
    before = await livez(health)
    await task.start()
    async with asyncio.timeout(100):
        await loop.waits.wait()
    after = await livez(health)
    await task.stop()

    assert before[0] == 200
    assert after[0] == 503
    assert "5 times by now: ConnectionError: the wire was cut" in after[1]


async def test_a_task_that_fails_seldom_is_never_hopeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five times in a row, that is: without having worked in between."""
    monkeypatch.setattr(supervision, "_WORKS_SECONDS", 0.0)

    async def work_and_fail() -> None:
        while not health.ready:
            await asyncio.sleep(0.001)
        await fail()

    health, loop = Health(), Loop(fail, *[work_and_fail] * 8)
    health.started()
    task = made(loop, health)
    with capture_logs() as lines:
        await task.start()
        async with asyncio.timeout(100):
            await loop.waits.wait()
    await task.stop()

    assert [each["times"] for each in lines if each["event"] == "task.failed"] == [1] * 9


async def test_a_task_that_fails_until_it_is_stopped_is_no_reason_afterwards() -> None:
    """Nobody waits for it any more."""
    health, loop = Health(), Loop(fail)
    health.started()
    task = made(loop, health)
    await task.start()
    async with asyncio.timeout(100):
        await loop.waits.wait()
    failing = health.ready
    await task.stop()

    assert (failing, health.ready) == (False, True)


async def test_a_task_is_stopped_twice_or_without_a_start_and_a_stop_is_no_failure() -> None:
    loop = Loop()
    task, never = made(loop), made(loop)
    with capture_logs() as lines:
        await never.stop()
        await task.start()
        await task.start()
        await task.started()
        await task.stop()
        await task.stop()

    assert loop.begun == 1
    assert lines == []


async def test_a_stop_ends_though_the_work_swallows_its_cancellation_and_names_it() -> None:
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                pass

    loop = Loop(stubborn)
    task = made(loop)
    await task.start()
    await task.started()
    try:
        with capture_logs() as lines:
            async with asyncio.timeout(100):
                await task.stop()
    finally:
        release.set()

    assert loop.begun == 1
    assert [each["event"] for each in lines] == ["process.warning"]
    assert "writer:orders does not end" in lines[0]["what"]
