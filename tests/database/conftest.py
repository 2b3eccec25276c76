"""A database server of the tests' own."""

from collections.abc import Iterator

import pytest

from tests.services import postgres


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.PostgresCluster]:
    """A cluster for this folder's tests, which make databases of their own in it."""
    yield from postgres.cluster()
