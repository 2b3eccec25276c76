"""A storm: rounds of faults that the seed chooses, a moment of quiet after each, and the whole account at the end."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.faults.comparing import assert_ends_as_expected
from tests.storm.customers import Customers
from tests.storm.faults import Fault, Stormy
from tests.storm.order_kept import done_twice, out_of_order
from tests.storm.shapes import STOP_SECONDS

MOVES_WITHIN_SECONDS: Final = 15.0
MOVES_WITHOUT_ONE_SECONDS: Final = 10.0
_LONG_SECONDS: Final = 300.0
_ROUND_SECONDS: Final = {True: 60.0, False: 30.0}
_RAGES: Final = 0.55
"""The part of a round in which faults begin."""
_LAST_PIECES: Final = 40
_LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Weather:
    """What a storm has: its seed, its length, and the faults of each lane, of which one happens at a time."""

    seed: int
    seconds: float
    lanes: tuple[Sequence[Fault], ...]
    without_one: Callable[[], AbstractContextManager[None]] | None = None
    """Takes away one of what there are several of, in the quiet after each round."""

    @property
    def round_seconds(self) -> float:
        """How long one round lasts: a minute in a long storm."""
        return _ROUND_SECONDS[self.seconds >= _LONG_SECONDS]


class Deck:
    """The faults of one lane, mixed by the seed: each comes once before one comes again."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self._faults = faults
        self._dice = Random(seed)
        self._left: list[Fault] = []

    def draw(self) -> tuple[Fault, Random]:
        """The next one, and the dice for it."""
        if not self._left:
            self._left = self._dice.sample(self._faults, len(self._faults))
        return self._left.pop(), self._dice


class Storm:
    """One storm over one shop."""

    def __init__(self, shop: Stormy, weather: Weather, say: Callable[[str], None]) -> None:
        self._shop = shop
        self._weather = weather
        self._say = say
        self._began = time.monotonic()
        self._schedule: list[str] = []
        self._broken: list[BaseException] = []
        self._counts: Counter[str] = Counter()
        self._moved: list[float] = []
        self.customers = Customers(shop, weather.seed, scarce=_LAST_PIECES)

    def rage(self) -> None:
        """Has all rounds; on failure it tells the seed and what happened until then."""
        try:
            self._rounds()
        except BaseException:
            self._say("\n".join(self.story()))
            raise

    def settle(self, strangers: Callable[[], Sequence[str]] = lambda: ()) -> None:
        """Ends it: everything must be as foretold, and every process must end in time.

        `strangers` are the ids of the messages that must be dead letters, and nothing else may be.
        """
        try:
            self._account(strangers())
        except BaseException:
            self._say("\n".join(self.story()))
            raise
        self._say("\n".join(self.story()[:3]))

    def story(self) -> list[str]:
        """The seed, the sums, and all that happened."""
        orders, moved = len(self.customers.outcomes), max(self._moved, default=0.0)
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self._counts.items()))
        return [
            f"AMPHIBUS_STORM_SEED={self._weather.seed}: {type(self._shop).__name__}, {orders} orders",
            f"in each of {len(self._moved)} moments of quiet an order was decided within {moved:.1f} s at most",
            f"faults: {counts}",
            *self._schedule,
        ]

    def _rounds(self) -> None:
        weather = self._weather
        decks = [Deck(faults, weather.seed + lane) for lane, faults in enumerate(weather.lanes)]
        self.customers.stock()
        self.customers.begin()
        self._began = time.monotonic()
        count = max(1, round(weather.seconds / weather.round_seconds))
        for number in range(1, count + 1):
            self._note(f"round {number} of {count}")
            self._round(decks)
            self._shop.until_back()
            self._moves(MOVES_WITHIN_SECONDS)
            if weather.without_one is not None:
                with weather.without_one():
                    self._moves(MOVES_WITHOUT_ONE_SECONDS)
        self.customers.end()

    def _round(self, decks: Sequence[Deck]) -> None:
        ends = time.monotonic() + self._weather.round_seconds * _RAGES
        threads = [
            threading.Thread(target=self._lane, args=(deck, ends), daemon=True) for deck in decks
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(180)
        if self._broken:
            raise self._broken[0]
        assert not any(thread.is_alive() for thread in threads), "a fault does not end"

    def _lane(self, deck: Deck, ends: float) -> None:
        try:
            while time.monotonic() < ends and not self._broken:
                fault, dice = deck.draw()
                name = getattr(fault, "__name__", str(fault))
                began = time.monotonic()
                self._note(f"  {name} …")
                fault(self._shop, dice)
                self._counts[name] += 1
                self._note(f"  {name} after {time.monotonic() - began:.1f} s")
                threading.Event().wait(dice.uniform(0.2, 2))
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            self._broken.append(error)
            self._note(f"  {error!r}")

    def _moves(self, within: float) -> None:
        """What is healthy moves again: an order that is placed now is decided soon."""
        began = time.monotonic()
        order_id = self.customers.order()
        while self._status(order_id) not in {"confirmed", "rejected"}:
            seconds = time.monotonic() - began
            if seconds > within * _crowd():
                self._shop.fail(
                    f"order {order_id} is not decided {seconds:.0f} s after the last fault:"
                    f" {self._shop.visitor.why_not_ready()}; {_crowd():.1f} want each processor;"
                    f" {self._shop.books.unfinished()}"
                )
            time.sleep(_LOOK_SECONDS)
        self._moved.append(time.monotonic() - began)
        self._note(f"moves again after {self._moved[-1]:.1f} s")

    def _status(self, order_id: str) -> str:
        found = self._shop.visitor.get(f"/v1/orders/{order_id}").body
        return str(found.get("status"))

    def _account(self, strangers: Sequence[str]) -> None:
        shop = self._shop
        self._expect_strangers(strangers)
        shop.until_settled()
        assert out_of_order(shop.books) == []
        assert done_twice(shop.books) == []
        assert_ends_as_expected(shop, self.customers.month())
        began = time.monotonic()
        assert shop.stop() == 0
        assert time.monotonic() - began <= STOP_SECONDS

    def _expect_strangers(self, strangers: Sequence[str]) -> None:
        """The dead letters are what strangers sent, each once; then they are discarded."""
        books = self._shop.books
        if not strangers:
            return
        self._shop.wait(lambda: len(books.dead()) >= len(strangers), "all strangers found")
        if len(books.dead()) != len(strangers):
            self._shop.fail(f"{len(strangers)} strange messages, {len(books.dead())} dead letters")
        done = self._shop.command("dead", "discard", "--all")
        assert done.returncode == 0, done.stdout + done.stderr

    def _note(self, what: str) -> None:
        self._schedule.append(f"{time.monotonic() - self._began:7.1f} s  {what}")


def _crowd() -> float:
    """How many want a processor for each that there is: where others work too, all takes so much longer."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
