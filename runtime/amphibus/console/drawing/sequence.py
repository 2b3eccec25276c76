"""The sequence of a flow: a column for each module, and an arrow for each message, one below the other."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from amphibus.admin.flows import Hop

_COLUMN: Final = 176
_ROW: Final = 38
_TOP: Final = 46
_MOST: Final = 200
"""The messages that are drawn; the table has them all."""


class Arrow(NamedTuple):
    """A message from one column to another."""

    x1: float
    x2: float
    y: float
    text: str
    state: str
    kind: str
    after: int
    """Microseconds from the first message."""


class Sequence(NamedTuple):
    """The whole picture."""

    width: int
    height: int
    names: list[tuple[str, float]]
    arrows: list[Arrow]
    left_out: int


def drawn_sequence(hops: Iterable[Hop], kinds: Mapping[str, str]) -> Sequence:
    """Returns the sequence in time, without the gaps.

    Args:
        hops: the messages.
        kinds: command, event or query, by type.
    """
    ordered = sorted(hops, key=lambda each: each.time)
    pairs = [(hop, each.module, each.state) for hop in ordered for each in hop.receipts]
    names = list(dict.fromkeys(name for hop, module, _ in pairs for name in (hop.source, module)))
    at = {name: _COLUMN * (index + 0.5) + _TOP for index, name in enumerate(names)}
    arrows = [
        Arrow(
            at[hop.source],
            at[module],
            _TOP + _ROW * (index + 1),
            _short(hop.type),
            state,
            kinds.get(hop.type, "command"),
            hop.time - ordered[0].time,
        )
        for index, (hop, module, state) in enumerate(pairs[:_MOST])
    ]
    height = _TOP + _ROW * len(arrows) + 18
    width = _TOP + max(_COLUMN * len(names), _COLUMN)
    return Sequence(width, height, list(at.items()), arrows, max(0, len(pairs) - _MOST))


def _short(type_: str) -> str:
    """Returns the name in a type, which a column has room for."""
    parts = type_.split(".")
    return (parts[1] if len(parts) > 2 else type_)[:40]
