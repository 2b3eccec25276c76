"""The ports of the distributed mode's processes: the gateway on --port, the others beside it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GATEWAY: Final = "gateway"
"""As in `amphibus.routing.topology`, which is too much to import for a name."""


@dataclass(frozen=True, slots=True)
class Place:
    """One process among others."""

    label: str
    """Its module, with a number if the module has several processes."""
    module: str
    base_port: int
    """The value of its `--port`: its own port is as much higher as its module's place in the list."""
    offset: int

    @property
    def port(self) -> int:
        """The port that it listens on; 0 is a free port."""
        return self.base_port + self.offset if self.base_port else 0


def module_names(root: Path) -> tuple[str, ...]:
    """Returns the modules of a project, the gateway last. Reads their folders and imports nothing."""
    return (*sorted(path.parent.name for path in root.glob("modules/*/module.py")), GATEWAY)


def known_names(root: Path) -> set[str]:
    """Returns the modules of the whole system, those too whose code is not here, as in an image of one."""
    try:
        lock = json.loads((root / "config" / "topology.lock.json").read_text())
        return {*module_names(root), *lock["modules"]}
    except (OSError, ValueError, KeyError):
        return set(module_names(root))


def offset_of(module: str, modules: Iterable[str]) -> int:
    """Returns how much higher than --port a module's port is: its place in the sorted list."""
    others = sorted(name for name in modules if name != GATEWAY)
    return others.index(module) + 1 if module in others else 0


def port_of(chosen: tuple[str, ...], modules: Iterable[str], port: int) -> int:
    """Returns the port of a process that hosts these modules: the gateway's if that is among them."""
    if port == 0 or GATEWAY in chosen:
        return port
    return port + offset_of(min(chosen), modules)


def places(root: Path, port: int, instances: int) -> list[Place]:
    """Returns all processes of a system; second instances follow the first ones, port by port."""
    modules, known = module_names(root), known_names(root)
    return [
        Place(
            label=name if instances == 1 else f"{name}-{number + 1}",
            module=name,
            base_port=port + number * len(known) if port else 0,
            offset=offset_of(name, known),
        )
        for number in range(instances)
        for name in modules
    ]
