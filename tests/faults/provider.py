"""Trouble from outside: a provider that is away, or that refuses what it should not."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

from modules.payments.adapters.sandbox import Sandbox
from tests.faults.month import Line, Month
from tests.faults.shop import Shop


class Provider:
    """The sandbox payment provider of a shop, in the hands of the test."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "payments-sandbox.db"
        self._sandbox = Sandbox(self._file)

    @contextmanager
    def away(self) -> Iterator[None]:
        """It cannot be reached."""
        self._sandbox.away = True
        try:
            yield
        finally:
            self._sandbox.away = False

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It takes calls and does not answer them."""
        with closing(sqlite3.connect(self._file, isolation_level=None)) as books:
            books.execute("BEGIN IMMEDIATE")
            yield
            books.execute("ROLLBACK")

    def hold_for_a_stranger(self, order: Line) -> None:
        """It holds another amount for that order, so it refuses ours."""
        asyncio.run(
            self._sandbox.authorize(
                "stranger",
                reference=order.id,
                amount=Decimal("0.01"),
                currency="GBP",
                token="tok_visa",
            )
        )

    def let_go_of_the_stranger(self, order: Line) -> None:
        """It refuses ours no more."""
        asyncio.run(self._sandbox.void("stranger gone", reference=order.id))


def one_that_pays(month: Month) -> Line:
    """The first order whose money is collected."""
    return next(line for line in month.orders if month.fates[line.id].captured)


def retry_the_dead(shop: Shop) -> None:
    """What an operator does once the cause is gone."""
    done = shop.command("dead", "retry", "--all")
    if done.returncode:
        shop.fail(f"dead retry ended with {done.returncode}: {done.stdout}{done.stderr}")
