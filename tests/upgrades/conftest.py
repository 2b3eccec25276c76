"""Each set of old stores, for a test of its own."""

from pathlib import Path

import pytest

from tests.services.postgres import PostgresCluster
from tests.upgrades.old_stores import OldStores, in_files, on_a_server

SETS = (
    "sqlite-monolith",
    "sqlite-distributed",
    pytest.param("postgresql-monolith", marks=pytest.mark.full),
    pytest.param("postgresql-distributed", marks=pytest.mark.full),
)


@pytest.fixture(params=SETS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> OldStores:
    """Stores of version 1, nobody works on them."""
    name: str = request.param
    if name.startswith("sqlite"):
        return in_files(name, tmp_path)
    cluster: PostgresCluster = request.getfixturevalue("cluster")
    return on_a_server(name, tmp_path, cluster)
