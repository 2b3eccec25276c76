"""The kiosk of the distributed tests, which runs in any arrangement, and a stand whose processes are in the test."""

from pathlib import Path

import pytest

from tests.distributed.conftest import kiosk, supervised
from tests.fleet.stand import Street

__all__ = ["kiosk", "supervised"]


@pytest.fixture
def street(tmp_path: Path) -> Street:
    """Where nothing runs yet."""
    return Street(tmp_path)
