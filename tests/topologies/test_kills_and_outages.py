"""Processes are killed in turn, the broker and the database server go and come back: the same end."""

from functools import partial

import pytest

from tests.faults.comparing import assert_ends_as_expected
from tests.faults.month import Line, Month
from tests.faults.sending import BrokerClient
from tests.services.postgres import PostgresCluster
from tests.services.rabbitmq import RabbitNode
from tests.topologies.conftest import Build
from tests.topologies.moments import Moments
from tests.topologies.system import MODULES, System

_PART = 60
_STORAGES = pytest.mark.parametrize("storage", ["files", "server"])


def _opened(build: Build, storage: str, *, instances: int = 1) -> System:
    shop = build(storage)
    shop.arrange("distributed", instances)
    shop.start()
    return shop


def _each_killed(build: Build, month: Month, storage: str) -> None:
    shop = _opened(build, storage)
    moments = Moments(month, [partial(shop.kill_one, label) for label in MODULES])
    BrokerClient(shop, month, moments).everything()

    assert moments.all_over
    assert_ends_as_expected(shop, month)
    assert shop.stop() == 0
    assert not shop.deaths


def _restarted(node: RabbitNode | PostgresCluster, how: str) -> None:
    getattr(node, how)()
    node.start()


@pytest.mark.full
def test_each_process_is_killed_in_turn_in_a_part_of_the_month(build: Build, month: Month) -> None:
    _each_killed(build, month.first(_PART), "files")


@pytest.mark.full
@_STORAGES
@pytest.mark.timeout(900)
def test_each_process_is_killed_in_turn_in_the_whole_month(
    storage: str, build: Build, month: Month
) -> None:
    _each_killed(build, month, storage)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_the_whole_month_outlives_a_broker_that_is_restarted_and_killed(
    build: Build, month: Month, node: RabbitNode
) -> None:
    shop = _opened(build, "files")
    moments = Moments(month, [partial(_restarted, node, how) for how in ("stop", "kill")])
    BrokerClient(shop, month, moments).everything()

    assert moments.all_over
    assert_ends_as_expected(shop, month)
    assert not shop.deaths


def _outlives_its_server(build: Build, month: Month, server: PostgresCluster, mode: str) -> None:
    shop = build("server")
    shop.arrange(mode)
    shop.start()
    moments = Moments(month, [partial(_restarted, server, how) for how in ("stop", "kill")])
    BrokerClient(shop, month, moments).everything()

    assert moments.all_over
    assert_ends_as_expected(shop, month)
    assert not shop.deaths


@pytest.mark.full
def test_a_part_of_the_month_outlives_a_database_server_that_is_restarted_and_killed(
    build: Build, month: Month, server: PostgresCluster
) -> None:
    _outlives_its_server(build, month.first(_PART), server, "monolith")


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["monolith", "distributed"])
def test_the_whole_month_outlives_a_database_server_that_is_restarted_and_killed(
    mode: str, build: Build, month: Month, server: PostgresCluster
) -> None:
    _outlives_its_server(build, month, server, mode)


def _placed_at_once(shop: System, sender: BrokerClient, lines: tuple[Line, ...]) -> None:
    """Accepted when they were sent: nobody was told to come again."""
    before = shop.visitor.put_off
    sender.orders(lines)
    assert shop.visitor.put_off == before


@pytest.mark.full
def test_orders_are_accepted_while_payments_and_then_the_broker_are_away(
    build: Build, month: Month, node: RabbitNode
) -> None:
    some = month.first(_PART)
    third = len(some.orders) // 3
    shop = _opened(build, "files")
    sender = BrokerClient(shop, some)
    sender.stock()
    sender.orders(some.orders[:third])
    with shop.without("payments"):
        _placed_at_once(shop, sender, some.orders[third : 2 * third])
    node.stop()
    try:
        _placed_at_once(shop, sender, some.orders[2 * third :])
    finally:
        node.start()
    shop.until_settled()
    sender.returns()
    shop.until_settled()

    assert_ends_as_expected(shop, some)
    assert shop.stop() == 0
    assert not shop.deaths
