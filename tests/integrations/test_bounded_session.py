"""A session of an application ends in time, whatever its database does at that moment."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import event, text

from amphibus.integrations import bounded_session as bounded
from amphibus.integrations.bounded_session import bounded_session
from tests.integrations.application import Reached, application_behind_proxy
from tests.services.postgres import PostgresCluster

pytestmark = pytest.mark.asyncio
_NEVER_SECONDS = 3600.0
_ASK = text("SELECT 1")


@pytest_asyncio.fixture
async def reached(
    cluster: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Reached]:
    monkeypatch.setattr(bounded, "_CLOSE_SECONDS", 0.05)
    async with application_behind_proxy(cluster) as found:
        yield found
        found.proxy.thaw()


async def test_a_session_ends_though_its_rollback_is_never_answered(reached: Reached) -> None:
    async with bounded_session(reached.application.sessions, _NEVER_SECONDS) as session:
        await session.execute(_ASK)
        reached.proxy.freeze()
    assert not reached.lent


async def test_a_session_ends_though_its_statement_is_never_answered(reached: Reached) -> None:
    async def work() -> None:
        async with bounded_session(reached.application.sessions, 0.5) as session:
            await session.execute(_ASK)
            reached.proxy.freeze()
            await session.execute(_ASK)

    with pytest.raises(TimeoutError):
        await work()
    assert not reached.lent


async def test_a_session_that_is_cut_ends_though_its_rollback_is_never_answered(
    reached: Reached,
) -> None:
    """Nobody can cancel the end of SQLAlchemy's own, however often it is tried."""
    worked = asyncio.Event()

    async def work() -> None:
        async with bounded_session(reached.application.sessions, _NEVER_SECONDS) as session:
            await session.execute(_ASK)
            reached.proxy.freeze()
            worked.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await worked.wait()
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    assert task.cancelled()
    assert not reached.lent


async def test_a_session_whose_connection_is_never_made_ends(reached: Reached) -> None:
    await reached.application.engine.dispose()
    reached.proxy.freeze()
    reached.proxy.freeze_from(1)
    with pytest.raises(TimeoutError):
        async with bounded_session(reached.application.sessions, 0.5):
            raise AssertionError
    reached.proxy.freeze_from(1_000_000)
    assert not reached.lent


async def test_a_connection_that_is_being_made_is_not_cut_off(
    reached: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task waits for it and gives it back: it would be left open, with nobody who knows it."""
    monkeypatch.setattr(bounded, "_CLOSE_SECONDS", _NEVER_SECONDS)
    await reached.application.engine.dispose()
    made: list[object] = []
    event.listen(reached.application.engine.sync_engine, "connect", lambda c, _: made.append(c))

    async def work() -> None:
        async with bounded_session(reached.application.sessions, _NEVER_SECONDS):
            raise AssertionError

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(made) == 1
    assert not reached.lent
