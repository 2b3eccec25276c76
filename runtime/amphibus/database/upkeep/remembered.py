"""The time since when a module's inbox remembers what it has handled.

It follows from how long it remembers, and from what it has forgotten while it remembered for a shorter time.
"""

from amphibus.clock import Clock
from amphibus.database.facts import forgotten_before
from amphibus.database.sql import Sql
from amphibus.messages.timeliness import timely_since


class Remembered:
    """The one of a module. Its instances remember equally long, but for a moment while settings change."""

    def __init__(self, window: int, clock: Clock) -> None:
        self._window = window
        self._clock = clock
        self._forgotten_before = 0

    async def look(self, sql: Sql) -> None:
        """Takes in what has been forgotten, perhaps by another instance, or before a longer time was set."""
        self._forgotten_before = await forgotten_before(sql)

    @property
    def window(self) -> int:
        """The time for which it remembers, microseconds."""
        return self._window

    @property
    def since(self) -> int:
        """The time at which a message must have been sent at the earliest: it would be known again."""
        return max(timely_since(self._clock.now(), self._window), self._forgotten_before)
