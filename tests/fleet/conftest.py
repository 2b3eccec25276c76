"""The kiosk of the distributed tests, which runs in any arrangement."""

from tests.distributed.conftest import kiosk, supervised

__all__ = ["kiosk", "supervised"]
