"""Kill -9 where the way of messages changes: what a broker had confirmed and lost arrives, once and in order."""

import signal
from pathlib import Path

import pytest

from amphibus.failpoints import WAY_FAILPOINTS
from amphibus.testing.conformance.office import Office
from tests.conformance.crashing import start
from tests.direct.outage import (
    BOOKS,
    LINES,
    UNASKED,
    after_replacement,
    afterwards,
    outage,
    replaced,
)
from tests.services.postgres import PostgresCluster, database_in

KILLED = -signal.SIGKILL


def check(office: Office) -> None:
    """Each line of each book is there once, in its order, at who wrote it and at who was told."""
    for module in ("desk", "readers"):
        found = {book: office.numbers(module, book) for book in BOOKS}
        assert found == {book: list(range(LINES)) for book in BOOKS}, module
    for module in ("gateway", "desk"):
        assert office.count(module, "amphibus_delivery") == 0
    assert not office.query("gateway", UNASKED)


@pytest.mark.parametrize("nth", [1, pytest.param(3, marks=pytest.mark.full)])
@pytest.mark.parametrize("point", WAY_FAILPOINTS)
def test_whoever_is_killed_where_the_way_changes_goes_on(
    tmp_path: Path, point: str, nth: int
) -> None:
    """The next life finds a broker that is there and empty, which is where order is hardest."""
    office = Office("direct", tmp_path)
    ended = start(office, what=outage, point=f"{point}:{nth}")
    assert ended == KILLED if nth == 1 else ended in (KILLED, 0)
    assert start(office, what=afterwards) == 0

    check(office)


@pytest.mark.parametrize("point", ["way.unknown", "way.marked", "way.noted"])
def test_whoever_is_killed_where_a_broker_is_not_recognised_goes_on(
    tmp_path: Path, point: str
) -> None:
    """Four senders have met their first broker; the last of them is killed when it meets the second one."""
    office = Office("direct", tmp_path)
    assert start(office, what=replaced, point=f"{point}:8") == KILLED
    assert start(office, what=after_replacement) == 0

    check(office)


class Impatient(Office):
    """Starts the next process while the leases of the killed one still run."""

    def outlive(self) -> None:
        """Nothing is waited for."""


@pytest.mark.full
@pytest.mark.parametrize("point", WAY_FAILPOINTS)
def test_whoever_is_killed_gets_its_partitions_later_and_asks_then(
    tmp_path: Path, cluster: PostgresCluster, point: str
) -> None:
    """On a server the next life owns nothing until the leases of this one have run out."""
    with database_in(cluster) as url:
        office = Impatient("direct", tmp_path, db_url=url)
        assert start(office, what=outage, point=f"{point}:1") == KILLED
        assert start(office, what=afterwards) == 0

        check(office)


@pytest.mark.full
@pytest.mark.parametrize("nth", [1, 2, 4])
@pytest.mark.parametrize("point", WAY_FAILPOINTS)
def test_killed_again_and_again_in_one_outage(tmp_path: Path, point: str, nth: int) -> None:
    """Each life loses what its broker had confirmed."""
    office = Office("direct", tmp_path)
    for times in (nth, 2, 1):
        assert start(office, what=outage, point=f"{point}:{times}") in (KILLED, 0)
    assert start(office, what=outage) == 0

    check(office)
