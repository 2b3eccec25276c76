"""Sends a month over HTTP: stock, then orders, many at once and in their order, then returns."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from tests.faults.month import Line, Month
from tests.faults.shop import Shop
from tests.faults.visitor import at_once

_ACCEPTED: Final = 202
_INVALID: Final = 422


class BrokerClient:
    """Lives as long as one month is sent to one shop.

    `after` is called with the number of answers so far, from the thread that had the last one.
    """

    def __init__(
        self, shop: Shop, month: Month, after: Callable[[int], None] = lambda _count: None
    ) -> None:
        self._shop = shop
        self._month = month
        self._after = after
        self._answers = 0
        self._counting = threading.Lock()
        self.seconds = 0.0
        """From the first order sent to the last one settled."""

    def everything(self) -> None:
        """Sends all of it, each part after the one before has settled."""
        self.stock()
        began = time.perf_counter()
        self.orders()
        self._shop.until_settled()
        self.seconds = time.perf_counter() - began
        self.returns()
        self._shop.until_settled()

    def stock(self) -> None:
        """Fills the shelves, and waits until they are full."""
        for line in self._month.receipts:
            self._post("/v1/stock/receipts", line, _ACCEPTED)
        self._shop.until_settled()

    def orders(self, lines: Iterable[Line] | None = None) -> None:
        """Places all orders, or these, as many at once as there are customers."""
        fates = self._month.fates

        def place(line: Line) -> None:
            invalid = fates[line.id].status == "invalid"
            self._post("/v1/orders", line, _INVALID if invalid else _ACCEPTED)

        at_once(self._month.orders if lines is None else lines, place)

    def returns(self) -> None:
        """Sends back what is sent back."""

        def give_back(line: Line) -> None:
            self._post(f"/v1/orders/{line.data['order_id']}/returns", line, _ACCEPTED)

        at_once(self._month.returns, give_back)

    def _post(self, path: str, line: Line, expected: int) -> None:
        answer = self._shop.visitor.post(path, line.data, line.id)
        if answer.status != expected:
            self._shop.fail(f"POST {path} {line.id}: expected {expected}, was {answer}")
        with self._counting:
            self._answers += 1
            count = self._answers
        self._after(count)
