"""What a process writes is its own user's alone, whichever library writes it."""

import os
from pathlib import Path

import pytest

from tests.console.kiosk import write_kiosk
from tests.distributed.commands import free_ports, running


@pytest.mark.full
def test_nobody_else_on_the_machine_reads_what_a_shop_writes(tmp_path: Path) -> None:
    """Though whoever typed the command lets others read what he makes."""
    root = write_kiosk(tmp_path / "kiosk")
    before = os.umask(0o022)
    try:
        with running(root, "--port", str(free_ports(3)), environ={}) as shop:
            shop.until_said("  Try  ", 300)
            written = [*(root / "var").rglob("*")]

            assert len(written) > 3
            assert [each for each in written if each.stat().st_mode & 0o077] == []
    finally:
        os.umask(before)
