"""Two instances of each module use what is set while they run, both within two seconds."""

import time
from pathlib import Path

import pytest

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.conformance.control import keep

pytestmark = pytest.mark.asyncio


async def test_both_instances_take_it_in(office: Office, tmp_path: Path) -> None:
    """With a limit, and a number of attempts: messages of either one die after as many."""
    other = Office("memory", tmp_path / "other", db_url=office.db_url, script=office.script)
    books = [f"b{number}" for number in range(8)]
    async with office.open(max_attempts=9) as one, other.open(max_attempts=9) as two:
        shares = [each.host.modules["desk"].assignment for each in (one, two)]
        await until(lambda: [len(share.owned) for share in shares] == [1, 1])
        revision = await keep(office, bus__max_attempts=1, bus__window=3)
        began = time.monotonic()
        await until(lambda: {each.host.following.revision for each in (one, two)} == {revision})
        took = time.monotonic() - began
        for book in books:
            await one.send(desk.Write(book=book, line=1, mood="broken"))
        await until(lambda: office.count("desk", "amphibus_dead") == len(books))
        attempts = set(office.query("desk", "SELECT attempts FROM amphibus_dead"))
        windows = {each.host.settings.bus.window for each in (one, two)}

    assert took < 2
    assert windows == {3}
    assert attempts == {(1,)}
