"""The folder, the transport and the environment at a broker of a harness."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amphibus.clock import VirtualClock
from amphibus.config.settings import Settings
from amphibus.routing.project import Project
from amphibus.transport import Transport
from amphibus.transports.memory_wire import MemoryWireTransport
from amphibus.transports.registry import MakeTransport, make


@contextmanager
def folder_of(given: Path | None) -> Iterator[Path]:
    """The folder that is given, or a temporary one."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="amphibus-") as temporary:
        yield Path(temporary)


def transport_of(
    chosen: str | MakeTransport,
    clock: VirtualClock,
    seed: int,
    project: Project,
    settings: Settings,
) -> Transport:
    """Makes what was chosen, by its name or by what makes it."""
    if chosen == "memory+wire":
        return MemoryWireTransport(clock, settings.bus.partitions, seed=seed)
    if isinstance(chosen, str):
        return make(chosen, project.topology(), settings, clock)
    return chosen(project.topology(), settings, clock)


def environment(folder: Path) -> str:
    """Returns a name at the broker for a data folder: opened again, the folder finds its waiting messages there."""
    return "t" + hashlib.sha256(str(folder).encode()).hexdigest()[:12]
