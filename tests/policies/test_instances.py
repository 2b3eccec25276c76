"""A type of message that is limited, where several instances share its module on one server."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.policies.test_limits import Provider, desk_that
from tests.services.postgres import PostgresCluster, database_in

pytestmark = pytest.mark.asyncio
PARTITIONS = 6


class Fleet:
    """Instances of the desk that come and go."""

    def __init__(self, folder: Path, url: str, provider: Provider, **policy: object) -> None:
        self._folder = folder
        self._business = desk_that(provider.ask, outside_timeout=1.0, **policy)
        self.offices = [Office("memory", folder / str(each), db_url=url) for each in range(3)]
        self.stacks: list[AsyncExitStack] = []
        self.shops: list[Harness] = []

    async def join(self) -> Harness:
        """One more."""
        office, stack = self.offices[len(self.shops)], AsyncExitStack()
        settings = {"bus.partitions": PARTITIONS, "drain_seconds": 1}
        opened = office.open("desk", business=self._business, settings=settings)
        shop = await stack.enter_async_context(opened)
        self.stacks.append(stack)
        self.shops.append(shop)
        return shop

    async def shared(self, count: int) -> None:
        """Waits until each has its share."""
        await until(
            lambda: (
                [len(each.host.modules["desk"].assignment.owned) for each in self.shops[:count]]
                == [PARTITIONS // count] * count
            )
        )

    async def leave(self, place: int) -> None:
        await self.stacks[place].aclose()

    def handled(self) -> int:
        return self.offices[0].count("desk", "line")


@pytest.mark.full
async def test_all_instances_together_keep_both_limits(
    cluster: PostgresCluster, tmp_path: Path
) -> None:
    """While partitions move: a second and a third instance come, and the first one goes."""
    provider = Provider(seconds=0.03)
    with database_in(cluster) as url:
        fleet = Fleet(tmp_path, url, provider, at_most=2, rate="40/s")
        first = await fleet.join()
        await first.send(*(desk.Call(book=f"b{each % 50}", line=each) for each in range(150)))
        await until(lambda: len(provider.calls) > 10)
        await fleet.join()
        await fleet.join()
        await fleet.shared(3)
        shared_at = len(provider.calls)
        await fleet.leave(0)
        await until(lambda: fleet.handled() == 150)
        kept = [fleet.offices[0].numbers("desk", f"b{each}") for each in range(50)]
        for place in (1, 2):
            await fleet.leave(place)

    assert shared_at < 150
    assert provider.most == 2
    assert kept == [[each, each + 50, each + 100] for each in range(50)]
    in_a_second = max(sum(t <= other < t + 1 for other in provider.began) for t in provider.began)
    assert in_a_second <= 40 * 1.1 + 1
