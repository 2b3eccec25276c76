"""A stop whose first step hangs ends all the same, and leaves nothing of its modules at work."""

import asyncio
from pathlib import Path

import pytest

from amphibus.testing import Harness
from amphibus.testing.conformance.business import project
from amphibus.transports.memory import MemoryTransport

pytestmark = pytest.mark.asyncio
OF_A_MODULE = ("scheduler", "relay", "retention", "readiness", "writer")


class Frozen(MemoryTransport):
    """As a broker may be: it does not answer when a module would leave."""

    async def detach(self, module: str) -> None:  # noqa: ARG002
        """Never returns."""
        await asyncio.Event().wait()


async def test_no_task_goes_on_when_the_intake_was_cut_off(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with Harness.of(
        project(),
        data_dir=tmp_path,
        transport=lambda _, settings, __: Frozen(settings.bus.partitions),
        settings={"drain_seconds": 0.1},
    ):
        pass
    left = [task.get_name() for task in asyncio.all_tasks() - before]

    assert [name for name in left if name.partition(":")[0] in OF_A_MODULE] == []
