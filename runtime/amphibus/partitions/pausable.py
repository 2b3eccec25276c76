"""The partitions of an instance as a transport sees them that keeps messages: none while the module is paused.

So the transport leaves there what came in the meantime, as it does when partitions change hands. The leases stay.
"""

from amphibus.partitions.assignment import OnChange, PartitionAssignment


class PausablePartitions:
    """Lives as long as its assignment."""

    def __init__(self, assignment: PartitionAssignment) -> None:
        self._assignment = assignment
        self._paused = False
        self.on_change: list[OnChange] = []
        assignment.on_change.append(self._changed)

    @property
    def owned(self) -> frozenset[int]:
        """Returns those that this instance works on now."""
        return frozenset() if self._paused else self._assignment.owned

    def pause(self, *, paused: bool) -> None:
        """Takes all of them back, or gives them again."""
        if paused == self._paused:
            return
        self._paused, nothing = paused, frozenset[int]()
        held = self._assignment.owned
        self._tell(*((nothing, held) if paused else (held, nothing)))

    def _changed(self, gained: frozenset[int], lost: frozenset[int]) -> None:
        if not self._paused:
            self._tell(gained, lost)

    def _tell(self, gained: frozenset[int], lost: frozenset[int]) -> None:
        for each in self.on_change:
            each(gained, lost)
