"""The clean-up of all modules, at once and not some time."""

from amphibus.testing import Harness


async def prune(shop: Harness) -> None:
    """Forgets what is old enough in each module."""
    for hosted in shop.host.modules.values():
        await hosted.retention.prune()
