"""The seam of a second way, where there is none: a sender that looks for one never changes."""

from collections.abc import Callable, Iterable


class OneWay:
    """Keeps the promise of `Bypass`: messages go by the transport, and can be recalled from it."""

    wanted = False
    away_since = ""

    def __init__(self, recall: Callable[[str], None]) -> None:
        self._recall = recall
        self.on_change: list[Callable[[], None]] = []

    def stands_still(self, _source: str) -> bool:
        """Returns False: nobody is told not to wait."""
        return False

    async def reaches(self, _source: str, _destination: str) -> bool:
        """Returns False."""
        return False

    def recall(self, source: str) -> None:
        """Gives up what was delivered for a sender and is not acknowledged."""
        self._recall(source)

    def lead(self, _source: str, destinations: Iterable[str]) -> None:
        """Leads nothing past the transport."""
        assert not [*destinations], "there is one way"
