"""What a commit writes into the runtime's own tables: collected while it is prepared, written at once at its end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Sequence[Any]
Leaving = tuple[Row, tuple[str, ...], int]
"""A row of the outbox, the destinations of its message, the partition that it belongs to."""


@dataclass(slots=True)
class Records:
    """Rows in the order of their tables' columns."""

    inbox: list[Row] = field(default_factory=list)
    """Messages that were handled."""
    outbox: list[Leaving] = field(default_factory=list)
    """Messages that leave."""
    safe: list[tuple[str, int]] = field(default_factory=list)
    """Destination and number of what arrived there."""

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.inbox or self.outbox or self.safe)
