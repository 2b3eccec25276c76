"""The tiny business on a database server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from amphibus.testing.conformance.office import Office
from tests.services.postgres import PostgresCluster, database_in


@pytest.fixture
def office(cluster: PostgresCluster, tmp_path: Path) -> Iterator[Office]:
    """In memory, on a database that is empty; not opened yet."""
    with database_in(cluster) as url:
        yield Office("memory", tmp_path, db_url=url)
