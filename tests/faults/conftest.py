"""The month, and shops that are always ended."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.month import Month, folder, whole_month
from tests.faults.shop import Shop

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Tells whoever watches the tests: a figure, a seed."""

    def tell(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return tell


@pytest.fixture(scope="session")
def month() -> Month:
    """All of it."""
    path = folder()
    if path is None:
        pytest.skip("the folder online-retail is not here; AMPHIBUS_TEST_DATA may name it")
    return whole_month(path)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that is not started yet."""
    made = Shop(tmp_path)
    yield made
    made.abandon()


@pytest.fixture
def hurried_shop(tmp_path: Path) -> Iterator[Shop]:
    """One that tries again, gives up and cleans up sooner than a real one would.

    It answers as soon as an order is safe, so that a kill finds out whether it was.
    """
    made = Shop(
        tmp_path,
        {
            "AMPHIBUS_GATEWAY__ACCEPT_WITHIN_SECONDS": "0",
            "AMPHIBUS_BUS__RETRY_FIRST_SECONDS": "0.1",
            "AMPHIBUS_BUS__RETRY_LIMIT_SECONDS": "0.3",
            "AMPHIBUS_BUS__MAX_ATTEMPTS": "4",
            "AMPHIBUS_RETENTION__PRUNE_EVERY_SECONDS": "0.2",
            "AMPHIBUS_RETENTION__RETAIN_DAYS": "0.000001",
        },
    )
    yield made
    made.abandon()
