"""Stopped in the middle of the month in one mode and started in the other: the same end."""

import pytest

from tests.faults.comparing import assert_ends_as_expected
from tests.faults.month import Month
from tests.faults.sending import BrokerClient
from tests.topologies.conftest import Build
from tests.topologies.moments import Moments

_PART = 60
_OTHER = {"monolith": "distributed", "distributed": "monolith"}


def _switched(build: Build, month: Month, *, first: str, storage: str, gently: bool) -> None:
    """There, and back the other way: once as an operator does, once as a power failure does."""
    shop = build(storage)
    shop.arrange(first)
    shop.start()
    moments = Moments(
        month,
        [
            lambda: shop.change_to(_OTHER[first], gently=gently),
            lambda: shop.change_to(first, gently=not gently),
        ],
    )
    BrokerClient(shop, month, moments).everything()

    assert moments.all_over
    assert_ends_as_expected(shop, month)
    assert shop.stop() == 0
    assert not shop.deaths


@pytest.mark.full
@pytest.mark.parametrize("first", ["monolith", "distributed"])
def test_a_part_of_the_month_on_sqlite_goes_on_in_the_other_mode(
    first: str, build: Build, month: Month
) -> None:
    gently = first == "monolith"
    _switched(build, month.first(_PART), first=first, storage="files", gently=gently)


@pytest.mark.full
@pytest.mark.parametrize("first", ["monolith", "distributed"])
def test_a_part_of_the_month_on_postgresql_goes_on_in_the_other_mode(
    first: str, build: Build, month: Month
) -> None:
    gently = first == "monolith"
    _switched(build, month.first(_PART), first=first, storage="server", gently=gently)


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("gently", [True, False], ids=["asked-then-killed", "killed-then-asked"])
@pytest.mark.parametrize("storage", ["files", "server"])
@pytest.mark.parametrize("first", ["monolith", "distributed"])
def test_the_whole_month_goes_on_in_the_other_mode(
    first: str, storage: str, gently: bool, build: Build, month: Month
) -> None:
    _switched(build, month, first=first, storage=storage, gently=gently)
