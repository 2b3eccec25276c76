"""The map of the modules: a box for each, an arrow for what one sends to another."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from amphibus.console.rates import Handled
from amphibus.contract import kind_of
from amphibus.routing.topology import GATEWAY, Topology

BOX: Final = (176, 78)
_WELL: Final = ("ready",)
_INWARDS: Final = 0.3
"""The share by which an arrow bends towards the middle, where no box is."""
_ASIDE: Final = {"command": 0.05, "query": 0.13, "event": 0.09}
"""The share by which it bends to its right, so that none lies on another."""
_WIDTHS: Final = (0.05, 10, 100, 1_000)
"""Messages a second from which on an arrow is drawn one step wider."""
_Point = tuple[float, float]


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
    per_second: float = 0.0

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

    @property
    def words(self) -> str:
        """Returns its backlog, as far as there is one."""
        found = (
            f"{count:,} {name}"
            for name, count in (
                ("unsent", self.unsent),
                ("delayed", self.delayed),
                ("dead", self.dead),
            )
            if count
        )
        return " · ".join(found) or "nothing waits"


class Box(NamedTuple):
    """A module on the map."""

    node: Node
    x: float
    y: float


class Arrow(NamedTuple):
    """Messages of one kind from one module to another."""

    source: str
    target: str
    path: str
    kind: str
    types: list[str]
    per_second: float
    x: float
    y: float
    gone: bool
    """Nobody is at its end."""

    @property
    def words(self) -> str:
        """Returns who sends what to whom."""
        return f"{self.source} to {self.target}: {', '.join(self.types)}"

    @property
    def width(self) -> int:
        """Returns the step of its width."""
        return sum(self.per_second >= each for each in _WIDTHS)


class Picture(NamedTuple):
    """The whole map, in one of two shapes."""

    shape: str
    width: int
    height: int
    boxes: list[Box]
    arrows: list[Arrow]


Rate = Mapping[tuple[str, str], Handled]
"""By the module that handles, and the type."""


def drawn(nodes: list[Node], topology: Topology, rates: Rate) -> list[Picture]:
    """Returns the map as it is drawn on a wide page, the gateway on the left, and on a narrow one, it on top."""
    rows = max(2, math.ceil(len(nodes) / 2) + 1)
    return [
        _picture("broad", (1000, 500), math.pi, nodes, topology, rates),
        _picture("tall", (384, 150 * rows), math.pi * 1.5, nodes, topology, rates),
    ]


def _picture(
    shape: str,
    size: tuple[int, int],
    first: float,
    nodes: list[Node],
    topology: Topology,
    rates: Rate,
) -> Picture:
    ordered = sorted(nodes, key=lambda each: (each.name != GATEWAY, each.name))
    at = dict(zip((each.name for each in ordered), _places(len(ordered), size, first), strict=True))
    gone, middle = {each.name for each in nodes if each.look == "gone"}, (size[0] / 2, size[1] / 2)
    arrows = [
        _arrow((source, target, kind), types, at, middle, rates, gone)
        for (source, target, kind), types in sorted(_edges(topology).items())
        if source in at and target in at and source != target
    ]
    boxes = [Box(each, *at[each.name]) for each in ordered]
    return Picture(shape, *size, boxes, arrows)


def _arrow(
    edge: tuple[str, str, str],
    types: list[str],
    at: dict[str, _Point],
    middle: _Point,
    rates: Rate,
    gone: set[str],
) -> Arrow:
    source, target, kind = edge
    begin, bend, end = _curve(at[source], at[target], middle, _ASIDE[kind])
    path = f"M{begin[0]:.1f} {begin[1]:.1f} Q{bend[0]:.1f} {bend[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
    rate = sum(rates[target, each].per_second for each in types if (target, each) in rates)
    x, y = ((a + 2 * b + c) / 4 for a, b, c in zip(begin, bend, end, strict=True))
    return Arrow(source, target, path, kind, types, rate, x, y, gone=target in gone)


def _places(count: int, size: tuple[int, int], first: float) -> list[_Point]:
    """Returns places on an ellipse, clockwise."""
    middle = (size[0] / 2, size[1] / 2)
    wide, high = middle[0] - BOX[0] / 2 - 8, middle[1] - BOX[1] / 2 - 8
    turns = [first + 2 * math.pi * index / max(1, count) for index in range(count)]
    return [
        (round(middle[0] + wide * math.cos(each), 1), round(middle[1] + high * math.sin(each), 1))
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


def _curve(
    source: _Point, target: _Point, middle: _Point, aside: float
) -> tuple[_Point, _Point, _Point]:
    """Returns a bent line between the edges of two boxes; the way back bends to the other side."""
    (x1, y1), (x2, y2) = source, target
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    bend = (
        x + (middle[0] - x) * _INWARDS - (y2 - y1) * aside,
        y + (middle[1] - y) * _INWARDS + (x2 - x1) * aside,
    )
    return _edge(source, bend), bend, _edge(target, bend)


def _edge(box: _Point, towards: _Point) -> _Point:
    dx, dy = towards[0] - box[0], towards[1] - box[1]
    across = BOX[0] / 2 / abs(dx) if dx else math.inf
    up = BOX[1] / 2 / abs(dy) if dy else math.inf
    share = min(across, up, 1.0)
    return box[0] + dx * share, box[1] + dy * share
