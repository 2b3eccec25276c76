"""A start on a full disk waits for room, as work that meets one does, and leaves nothing open meanwhile."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from amphibus.database.sqlite.store import SqliteStore
from amphibus.errors import StoreAway
from amphibus.unit_of_work.crash_journal import CrashJournal

WHO = ("desk", "checkout", "m1")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def fill(disk: Path) -> Path:
    """Leaves no byte free; remove the file to have room again."""
    path = disk / "fill"
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return path
    raise AssertionError("the disk has no end")


def descriptors() -> int:
    """The number of files that are open here."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.asyncio
@pytest.mark.parametrize("existing", [True, False])
async def test_a_start_on_a_full_disk_waits_for_room(disk: Path, *, existing: bool) -> None:
    store = SqliteStore("desk", disk)
    if existing:
        await store.open()
        await store.close()
    filled = fill(disk)
    before = descriptors()
    with pytest.raises(StoreAway, match="its disk is full"):
        await store.open()
    assert descriptors() == before

    filled.unlink()
    await store.open()
    await store.close()


def test_a_journal_that_cannot_be_written_at_its_end_keeps_its_suspects(disk: Path) -> None:
    """A stop on a full disk is a stop, and the next start knows whom to watch."""
    for _ in range(2):  # killed while it ran, and again
        killed = CrashJournal(disk / "journal")
        killed.open()
        killed.alone(WHO)
        killed.begin(WHO)
        os.close(killed._file)
    ends = CrashJournal(disk / "journal")
    ends.open()
    filled = fill(disk)
    ends.close()
    begins = CrashJournal(disk / "journal")
    begins.open()
    assert begins.suspects == {WHO: 2}
    begins.close()
    filled.unlink()

    again = CrashJournal(disk / "journal")
    again.open()
    assert again.suspects == {WHO: 2}
    again.close()
