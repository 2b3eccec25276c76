"""Several instances of a module see the same schedule due: each time has one command."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from amphibus.testing.conformance.office import Office, until
from tests.conformance.test_schedules import DAYS, MONDAY, ROTA, business, written

pytestmark = pytest.mark.asyncio


@pytest.mark.full
async def test_each_time_has_one_command_whoever_is_there(office: Office, tmp_path: Path) -> None:
    """Both see each time come; one of them ends on Wednesday."""
    other = Office("memory", tmp_path / "other", db_url=office.db_url)
    rota = business(ROTA)
    async with AsyncExitStack() as stack, office.open(business=rota, at=MONDAY) as one:
        two = await stack.enter_async_context(other.open(business=rota, at=MONDAY))
        shares = [each.host.modules["desk"].assignment for each in (one, two)]
        await until(lambda: [len(share.owned) for share in shares] == [1, 1])
        await asyncio.gather(one.advance(days=3), two.advance(days=3))
        both = written(office)
        await stack.aclose()
        await until(lambda: len(shares[0].owned) == 2)
        await one.advance(days=4)

    assert both == DAYS[:3]
    assert written(office) == DAYS
