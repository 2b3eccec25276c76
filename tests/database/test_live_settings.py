"""Two instances of each module use what is set while they run, both within two seconds."""

import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from amphibus.cli.configure.agree import Wanted, agree
from amphibus.config.live import LiveSettings
from amphibus.config.proposal import Values
from amphibus.config.settings import Settings
from amphibus.database.control.revisions import Revision
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.conformance.control import control_of, keep

pytestmark = pytest.mark.asyncio


async def test_the_command_keeps_it_on_the_server_and_the_next_one_goes_on_from_there(
    office: Office,
) -> None:
    """The directory of processes is empty here, so they hear of it by looking."""

    async def change(**wanted: int) -> None:
        settings = Settings(db_url=SecretStr(office.db_url or ""), data_dir=office.data)

        async def make(base: Revision) -> Values:
            return {**base.settings, **{f"bus.{key}": value for key, value in wanted.items()}}

        assert await agree(settings, LiveSettings(settings), Wanted(make, "a test")) is not None

    async with office.open() as shop:
        await change(window=5)
        await change(batch=6)
        await until(lambda: shop.host.following.revision == 2)
        bus = shop.host.settings.bus

    assert (bus.window, bus.batch) == (5, 6)
    assert [each.why for each in await control_of(office).revisions(9)] == ["a test", "a test"]


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
