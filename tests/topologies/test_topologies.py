"""The month in every arrangement ends exactly as it was worked out apart from the shop."""

import pytest

from tests.faults.comparing import assert_ends_as_expected
from tests.faults.month import Month
from tests.faults.sending import BrokerClient
from tests.topologies.conftest import Build, Say

_PART = 60


def _ends_as_expected(
    build: Build, month: Month, say: Say, *, mode: str, storage: str, instances: int
) -> None:
    shop = build(storage)
    shop.arrange(mode, instances)
    shop.start()
    sender = BrokerClient(shop, month)
    sender.everything()
    count, seconds = len(month.orders), sender.seconds
    where = f"{mode} on {storage}, {instances} of each"
    say(f"{where}: {count} orders in {seconds:.1f} s: {count / seconds:.0f} orders/s")

    assert_ends_as_expected(shop, month)
    assert shop.stop() == 0
    assert not shop.deaths


_ARRANGEMENTS = pytest.mark.parametrize(
    ("mode", "storage", "instances"),
    [
        pytest.param("distributed", "files", 1, id="processes-on-sqlite"),
        pytest.param("monolith", "server", 1, id="monolith-on-postgresql"),
        pytest.param(
            "distributed",
            "server",
            2,
            id="two-processes-each-on-postgresql",
            marks=pytest.mark.full,
        ),
    ],
)


@_ARRANGEMENTS
def test_a_part_of_the_month_ends_as_expected(
    mode: str, storage: str, instances: int, build: Build, month: Month, say: Say
) -> None:
    _ends_as_expected(
        build, month.first(_PART), say, mode=mode, storage=storage, instances=instances
    )


@_ARRANGEMENTS
@pytest.mark.full
@pytest.mark.timeout(900)
def test_the_whole_month_ends_as_expected(
    mode: str, storage: str, instances: int, build: Build, month: Month, say: Say
) -> None:
    _ends_as_expected(build, month, say, mode=mode, storage=storage, instances=instances)


@pytest.mark.full
def test_the_owner_s_reply_finds_the_instance_that_waits_for_it(build: Build, month: Month) -> None:
    """The one that accepts an order over HTTP is often not the one that sends it on.

    Each would wait for a minute, and all of them together for far longer than this test may take.
    """
    shop = build("server")
    shop.arrange("distributed", 2)
    shop.configure(AMPHIBUS_GATEWAY__ACCEPT_WITHIN_SECONDS="60")
    shop.start()
    BrokerClient(shop, month.first(12)).everything()

    assert shop.stop() == 0
