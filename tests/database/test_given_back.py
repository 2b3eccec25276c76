"""Every connection to a server is given back, however it ends: the garbage collector finds none."""

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest

from amphibus.database.postgres.store import PostgresStore
from tests.database.conftest import opened

pytestmark = pytest.mark.asyncio


@pytest.fixture
def left(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the collector has found, by what SQLAlchemy says."""

    def found() -> list[str]:
        gc.collect()
        return [each for each in caplog.messages if "non-checked-in connection" in each]

    return found


async def _end_sessions(url: str) -> None:
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    operator = await asyncpg.connect(url)
    await operator.fetch(f"SELECT pg_terminate_backend(pid, 5000) {others}")
    await operator.close()


def _end_sessions_unseen(url: str) -> None:
    """The loop stands still meanwhile, so that nobody here has noticed yet."""
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, _end_sessions(url)).result()


async def test_one_that_is_lost_as_it_is_taken(url: str, left: Callable[[], list[str]]) -> None:
    async with opened(url) as store:
        for _ in range(9):  # more than there may be, in case each of them takes a place with it
            await store.give_back_reader(await store.take_reader())
            _end_sessions_unseen(url)
            with pytest.raises(asyncpg.ConnectionDoesNotExistError):
                await store.take_reader()
        await store.give_back_reader(await store.take_reader())

    assert left() == []


async def test_one_whose_session_cannot_be_set_up(url: str, left: Callable[[], list[str]]) -> None:
    async with opened(url) as store:
        assert await _refused(store)

    assert left() == []


async def _refused(store: PostgresStore) -> bool:
    try:
        await store.connect(lock_seconds=-1.0)
    except asyncpg.InvalidParameterValueError:
        return True
    return False


async def test_those_that_the_server_has_ended_and_one_in_use(
    url: str, left: Callable[[], list[str]]
) -> None:
    async with opened(url) as store:
        in_use = await store.take_reader()
        _end_sessions_unseen(url)
    await store.give_back_reader(in_use)
    del store, in_use

    assert left() == []
