"""What happens while a month is sent, each at a moment that is told by the answers so far."""

import threading
from collections.abc import Callable, Sequence

from tests.faults.month import Month

Event = Callable[[], object]


class Moments:
    """Spreads events evenly over the orders and returns of a month; called after every answer.

    An event may take long: the other customers go on meanwhile.
    """

    def __init__(self, month: Month, events: Sequence[Event]) -> None:
        first = len(month.receipts)
        step = (len(month.orders) + len(month.returns)) // (len(events) + 1)
        self._left = [(first + step * (n + 1), event) for n, event in enumerate(events)]
        self._choosing = threading.Lock()
        self._happening = threading.Lock()

    def __call__(self, answers: int) -> None:
        """Lets happen what is due."""
        with self._choosing:
            if not self._left or answers < self._left[0][0]:
                return
            _, event = self._left.pop(0)
        with self._happening:
            event()

    @property
    def all_over(self) -> bool:
        """Whether everything has happened."""
        return not self._left
