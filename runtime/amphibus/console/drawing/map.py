"""The map of the modules: a box for each, an arrow for what one sends to another."""

import math
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from amphibus.contract import kind_of
from amphibus.routing.topology import GATEWAY, Topology

WIDTH: Final = 960
HEIGHT: Final = 480
BOX: Final = (176, 74)
_WELL: Final = ("ready",)


@dataclass(slots=True)
class Node:
    """A module with what its processes say together."""

    name: str
    states: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    unsent: int = 0
    delayed: int = 0
    dead: int = 0
    in_flight: int = 0
    paused: bool = False

    @property
    def state(self) -> str:
        """Returns the worst state of its processes."""
        if not self.states:
            return "away"
        return next((each for each in sorted(self.states) if each not in _WELL), "ready")

    @property
    def look(self) -> str:
        """Returns the name of its colours."""
        if self.state in ("away", "stale", "silent"):
            return "gone"
        if self.dead:
            return "failing"
        return "well" if self.state in _WELL and not self.paused else "troubled"


class Box(NamedTuple):
    """A module on the map."""

    node: Node
    x: float
    y: float


class Arrow(NamedTuple):
    """Messages of one kind from one module to another."""

    path: str
    kind: str
    words: str


class Picture(NamedTuple):
    """The whole map."""

    width: int
    height: int
    boxes: list[Box]
    arrows: list[Arrow]


def drawn(nodes: list[Node], topology: Topology) -> Picture:
    """Returns the map: the gateway on the left, the others around."""
    ordered = sorted(nodes, key=lambda each: (each.name != GATEWAY, each.name))
    places = _places(len(ordered))
    at = {node.name: place for node, place in zip(ordered, places, strict=True)}
    arrows = [
        Arrow(_curve(at[source], at[target]), kind, f"{source} to {target}: {', '.join(types)}")
        for (source, target, kind), types in sorted(_edges(topology).items())
        if source in at and target in at and source != target
    ]
    return Picture(WIDTH, HEIGHT, [Box(each, *at[each.name]) for each in ordered], arrows)


def _places(count: int) -> list[tuple[float, float]]:
    """Returns places on an ellipse, from the left on."""
    wide, high = (WIDTH - BOX[0]) / 2 - 8, (HEIGHT - BOX[1]) / 2 - 8
    turns = [math.pi + 2 * math.pi * index / max(1, count) for index in range(count)]
    return [
        (round(WIDTH / 2 + wide * math.cos(each), 1), round(HEIGHT / 2 + high * math.sin(each), 1))
        for each in turns
    ]


def _edges(topology: Topology) -> dict[tuple[str, str, str], list[str]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for source in topology.modules:
        for name in (*topology.sends.get(source, ()), *topology.publishes.get(source, ())):
            contract = topology.contracts.get(name)
            if contract is None:
                continue
            kind = kind_of(contract)
            owner = topology.owners.get(name)
            targets = topology.subscribers.get(name, ()) if kind == "event" else (owner,)
            for target in targets:
                if target is not None:
                    found.setdefault((source, target, kind), []).append(name)
    return found


def _curve(source: tuple[float, float], target: tuple[float, float]) -> str:
    """Returns a bent line between the edges of two boxes; the way back bends to the other side."""
    (x1, y1), (x2, y2) = _edge(source, target), _edge(target, source)
    bend = 0.16
    cx, cy = (x1 + x2) / 2 - (y2 - y1) * bend, (y1 + y2) / 2 + (x2 - x1) * bend
    return f"M{x1:.1f} {y1:.1f} Q{cx:.1f} {cy:.1f} {x2:.1f} {y2:.1f}"


def _edge(box: tuple[float, float], towards: tuple[float, float]) -> tuple[float, float]:
    dx, dy = towards[0] - box[0], towards[1] - box[1]
    across = BOX[0] / 2 / abs(dx) if dx else math.inf
    up = BOX[1] / 2 / abs(dy) if dy else math.inf
    share = min(across, up, 1.0)
    return box[0] + dx * share, box[1] + dy * share
