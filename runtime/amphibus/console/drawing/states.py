"""The table of a process manager as a picture: its states from left to right, how it goes on, how many stand where."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from amphibus.process import Process

BOX: Final = (228, 52)
_GAP: Final = (84, 26)
_MARGIN: Final = 12
_BEND: Final = 0.5


class State(NamedTuple):
    """A state on the picture."""

    name: str
    x: float
    y: float
    here: int
    stuck: int
    final: bool

    @property
    def look(self) -> str:
        """Returns the name of its colours."""
        return "failing" if self.stuck else "well" if self.here or self.final else "idle"


class Move(NamedTuple):
    """A way from a state to the next, and what makes a process take it."""

    path: str
    kind: str
    words: str


class Picture(NamedTuple):
    """One process manager."""

    module: str
    name: str
    width: float
    height: float
    states: list[State]
    moves: list[Move]


def drawn(
    module: str, process: Process, counts: Mapping[str, int], stuck: Mapping[str, int]
) -> Picture:
    """Returns the picture of a process, with the numbers of those that stand in each state."""
    moves, columns = list(_moves(process)), _columns(process)
    places = {
        name: (_MARGIN + depth * (BOX[0] + _GAP[0]), _MARGIN + row * (BOX[1] + _GAP[1]))
        for depth, names in enumerate(columns)
        for row, name in enumerate(names)
    }
    states = [
        State(
            each.name,
            *places[each.name],
            counts.get(each.name, 0),
            stuck.get(each.name, 0),
            each.final,
        )
        for each in process.states
    ]
    rows = max(map(len, columns), default=1)
    return Picture(
        module,
        process.name,
        2 * _MARGIN + len(columns) * (BOX[0] + _GAP[0]),
        2 * _MARGIN + rows * (BOX[1] + _GAP[1]),
        states,
        [
            Move(_curve(places[source], places[target]), kind, f"{source} to {target}: {words}")
            for (source, target, kind), words in _together(moves).items()
        ],
    )


def _moves(process: Process) -> Iterator[tuple[str, str, str, str]]:
    """Yields each way: from, to, its kind, and what makes a process take it."""
    for state in process.states:
        for when in state.on:
            for target in when.targets:
                yield state.name, target, "command", when.contract.contract_type
        if state.deadline is not None:
            words = f"deadline {state.deadline.name}"
            yield state.name, state.deadline.to, "event", words


def _together(moves: list[tuple[str, str, str, str]]) -> dict[tuple[str, str, str], str]:
    found: dict[tuple[str, str, str], str] = {}
    for source, target, kind, words in moves:
        key = (source, target, kind)
        found[key] = f"{found[key]}, {words}" if key in found else words
    return found


def _columns(process: Process) -> list[list[str]]:
    """Returns the states by the fewest steps to each from a beginning; those that end it stand last."""
    nexts: dict[str, list[str]] = {}
    for source, target, _, _ in _moves(process):
        nexts.setdefault(source, []).append(target)
    first = [to for when in process.begins for to in when.targets]
    ends = [each.name for each in process.states if each.final]
    column, seen, columns = list(dict.fromkeys(first)), {*first, *ends}, list[list[str]]()
    while column:
        columns.append(column)
        further = [to for name in column for to in nexts.get(name, ()) if to not in seen]
        column = list(dict.fromkeys(further))
        seen |= set(column)
    left = [each.name for each in process.states if each.name not in seen]
    return [each for each in (*columns, left, ends) if each]


def _curve(source: tuple[float, float], target: tuple[float, float]) -> str:
    """Returns a bent line from the edge of one box to that of another; a loop stands above its box."""
    (x1, y1), (x2, y2) = source, target
    if source == target:
        left, right = x1 + BOX[0] * 0.3, x1 + BOX[0] * 0.7
        return f"M{left:.0f} {y1:.0f} C{left:.0f} {y1 - 14:.0f} {right:.0f} {y1 - 14:.0f} {right:.0f} {y1:.0f}"
    if x1 == x2:
        side, out = x1 + BOX[0], x1 + BOX[0] + _GAP[0] * 0.55
        y1, y2 = y1 + BOX[1] * 0.75, y2 + BOX[1] * 0.25
        return f"M{side:.0f} {y1:.0f} C{out:.0f} {y1:.0f} {out:.0f} {y2:.0f} {side:.0f} {y2:.0f}"
    forward = x2 > x1
    begin, end = (x1 + BOX[0], x2) if forward else (x1, x2 + BOX[0])
    shift = 0.4 if forward else 0.65
    y1, y2, bend = y1 + BOX[1] * shift, y2 + BOX[1] * shift, (end - begin) * _BEND
    return f"M{begin:.0f} {y1:.0f} C{begin + bend:.0f} {y1:.0f} {end - bend:.0f} {y2:.0f} {end:.0f} {y2:.0f}"
