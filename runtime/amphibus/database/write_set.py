"""The write set of a commit: rows of the runtime's own tables, collected meanwhile and written at its end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Sequence[Any]
TimerKey = tuple[str, str]
"""Its name and key."""
OutboxEntry = tuple[Row, tuple[str, ...], int]
"""A row of the outbox, the destinations of its message, the partition that it belongs to."""


@dataclass(slots=True)
class WriteSet:
    """Rows in the order of their tables' columns."""

    inbox: list[Row] = field(default_factory=list)
    """Messages that were handled."""
    outbox: list[OutboxEntry] = field(default_factory=list)
    """Messages that leave."""
    acks: list[tuple[str, int]] = field(default_factory=list)
    """Destination and number of what arrived there."""
    timers: dict[TimerKey, Row | None] = field(default_factory=dict)
    """Timers that are armed, and those that are disarmed."""

    later: dict[TimerKey, Row | None] = field(default_factory=dict)
    """Commands that are sent later, by name and key, and those that are recalled."""

    moved: dict[TimerKey, Row | None] = field(default_factory=dict)
    """Processes that came into another state, by name and key, and those that have ended."""

    def __bool__(self) -> bool:
        """True if there is anything to write."""
        return bool(
            self.inbox or self.outbox or self.acks or self.timers or self.later or self.moved
        )

    @property
    def armed(self) -> list[Row]:
        """Rows of the timers that are armed."""
        return [row for row in self.timers.values() if row is not None]

    @property
    def disarmed(self) -> list[Row]:
        """Name and key of those that are disarmed."""
        return [timer for timer, row in self.timers.items() if row is None]

    @property
    def kept_for_later(self) -> list[Row]:
        """Rows of the commands that are sent later."""
        return [row for row in self.later.values() if row is not None]

    @property
    def recalled(self) -> list[Row]:
        """Name and key of those that are recalled."""
        return [name for name, row in self.later.items() if row is None]

    @property
    def states_entered(self) -> list[Row]:
        """Rows of the processes that came into another state."""
        return [row for row in self.moved.values() if row is not None]

    @property
    def processes_ended(self) -> list[Row]:
        """Name and key of those that have ended."""
        return [process for process, row in self.moved.items() if row is None]
