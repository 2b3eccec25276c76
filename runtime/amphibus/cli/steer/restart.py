"""`amphibus restart`: another process in the place of each that hosts a module, one after the other."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import CommandError, Exit, check_module, printable
from amphibus.cli.places import known_names
from amphibus.cli.run.running import RUN_DIR, supervisor_of
from amphibus.cli.run.take_down import supervised_process
from amphibus.cli.views import found_fleet, settings_of

if TYPE_CHECKING:
    from amphibus.config.settings import Settings

_LOOK_SECONDS: Final = 0.1
_MARGIN_SECONDS: Final = 10.0
_UP: Final = ("ready", "degraded")


def restart(
    module: Annotated[str, Parameter(help="The module whose processes are restarted.")],
    *,
    within: Annotated[float, Parameter(help="Seconds for each new process to get ready.")] = 60.0,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Restart the processes of one module under `run --all`, one after the other.

    Each finishes what it has begun and makes way for a new one, with the code as it is now. The next one follows when
    that is ready; if it does not get ready, the others stay as they are. Orders go on: senders keep what they send.
    Example: amphibus restart payments
    """
    root = options.root()
    check_module(module, sorted(known_names(root)))
    settings = settings_of(data_dir, db)
    labels = _labels(settings.data_dir / RUN_DIR, module)
    if supervisor_of(settings.data_dir) is None:
        raise CommandError(
            "no supervisor runs with this data folder",
            f"processes that `run --all` did not start are restarted by whoever did: {settings.data_dir}",
            "amphibus run --all",
            Exit.UNREACHABLE,
        )
    if not labels:
        raise CommandError(
            f"{module} has no process of its own",
            "the supervisor runs all modules in one process now, or this one is not up",
            "amphibus ps",
            Exit.UNREACHABLE,
        )
    asyncio.run(_restarted(settings, module, labels, within))


def _labels(run_dir: Path, module: str) -> list[str]:
    """Returns the labels of a module's processes: its name, or with numbers."""
    found = [path.stem for path in run_dir.glob(f"{module}*.pid")]
    numbered = [each for each in found if each.removeprefix(f"{module}-").isdecimal()]
    ours = [each for each in found if each == module] or numbered
    return sorted(each for each in ours if supervised_process(run_dir.parent, each) is not None)


async def _restarted(
    settings: "Settings", module: str, labels: Sequence[str], within: float
) -> None:
    for label in labels:
        old = _told_to_end(settings.data_dir, label)
        seconds = settings.drain_seconds + _MARGIN_SECONDS + within
        began = time.monotonic()
        why = await _until_ready(settings, module, label, old, began + seconds)
        if why:
            raise CommandError(
                f"{label} did not get ready within {seconds:g} s after its restart",
                f"{why}; the other processes are as they were",
                f"amphibus ps; look into {settings.data_dir / 'logs' / f'{label}.log'}",
                Exit.TIMEOUT,
            )
        pid = supervised_process(settings.data_dir, label)
        print(
            f"{printable(label)}  process {old} made way for {pid} in {time.monotonic() - began:.1f} s"
        )


def _told_to_end(data_dir: Path, label: str) -> int:
    pid = supervised_process(data_dir, label)
    if pid is None:
        raise CommandError(
            f"{label} has no process now",
            "its supervisor is about to start one",
            f"amphibus restart {label}",
            Exit.UNREACHABLE,
        )
    (data_dir / RUN_DIR / f"{label}.restart").write_text(f"{pid}\n")
    os.kill(pid, signal.SIGTERM)
    return pid


async def _until_ready(settings: "Settings", module: str, label: str, old: int, ends: float) -> str:
    """Returns why the new process is not ready in time, or nothing."""
    why = f"process {old} did not end"
    while time.monotonic() < ends:
        pid = supervised_process(settings.data_dir, label)
        if pid is not None and pid != old:
            state, why = await _state(settings, module, pid)
            if state in _UP:
                return ""
        await asyncio.sleep(_LOOK_SECONDS)
    return why


async def _state(settings: "Settings", module: str, pid: int) -> tuple[str, str]:
    """Returns the state of a process by its own word, and the reasons in words."""
    from amphibus.transports.direct.fleet.registry import registry

    async with found_fleet(settings) as (fleet, addresses):
        ours = [each for each in addresses if each.module == module]
        seen = [] if fleet is None else await registry(fleet, ours, (module,))
    for each in seen:
        if each.description is not None and each.description.pid == pid:
            reasons = each.description.reasons
            return each.state, "; ".join(f"{name}: {why}" for name, why in reasons.items())
    return "starting", f"process {pid} does not answer yet"
