"""Takes one process of a supervised system down for a while, as a failure would."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from amphibus.cli.output import CommandError, Exit

_LOOK_SECONDS: Final = 0.05
_WITHIN_SECONDS: Final = 60.0


def supervised_process(data_dir: Path, label: str) -> int | None:
    """Returns the process that hosts a module under a supervisor; None if there is none."""
    try:
        pid = int((data_dir / "run" / f"{label}.pid").read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


@asynccontextmanager
async def taken_down(data_dir: Path, label: str) -> AsyncIterator[int]:
    """Kills a process; its supervisor starts it again at the end of the block, or of this process.

    Raises:
        CommandError: there is no such process, or it does not end or come back.
    """
    pid = supervised_process(data_dir, label)
    if pid is None:
        raise _wrong(label, "there is no process of it", data_dir)
    hold = data_dir / "run" / f"{label}.hold"
    hold.write_text(f"{os.getpid()}\n")
    try:
        os.kill(pid, signal.SIGKILL)
        await _until_process(data_dir, label, there=False)
        yield pid
    finally:
        hold.unlink(missing_ok=True)
    await _until_process(data_dir, label, there=True)


async def _until_process(data_dir: Path, label: str, *, there: bool) -> None:
    ends = time.monotonic() + _WITHIN_SECONDS
    while (supervised_process(data_dir, label) is not None) is not there:
        if time.monotonic() > ends:
            state = "did not come back" if there else "did not end"
            raise _wrong(label, f"it {state} within {_WITHIN_SECONDS:g} s", data_dir)
        await asyncio.sleep(_LOOK_SECONDS)


def _wrong(label: str, why: str, data_dir: Path) -> CommandError:
    return CommandError(
        f"{label} cannot be taken down and brought back",
        why,
        f"look into {data_dir / 'logs' / 'supervisor.log'}",
        Exit.FAILED,
    )
