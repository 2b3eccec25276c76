"""Compares the shop's answers with the forecast: every order, payment, article, mail and day."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from demo.month_data import Month
from demo.oracle import Fate, Prophecy
from demo.shop import Json, Shop

_AT_ONCE: Final = 16
_SETTLES_WITHIN_SECONDS: Final = 60.0
_SHOWN: Final = 5

Ask = Callable[[], Awaitable[Any]]


@dataclass(slots=True)
class Comparison:
    """One kind of facts: how many were compared, which differ, or why none was compared."""

    what: str
    compared: int = 0
    differences: list[str] = field(default_factory=list)
    skipped: str = ""

    def take(self, name: str, expected: object, found: object) -> None:
        """Counts a fact."""
        self.compared += 1
        if expected != found:
            self.differences.append(f"{self.what} {name}: expected {expected}, found {found}")

    def shown(self) -> Iterable[str]:
        """Returns the first differences."""
        yield from self.differences[:_SHOWN]
        if len(self.differences) > _SHOWN:
            yield f"{self.what}: {len(self.differences) - _SHOWN:,} more"


class Checker:
    """Asks the shop; a fact that is not yet so is asked again until the shop has had its time."""

    def __init__(self, shop: Shop, advance: Callable[[int], None]) -> None:
        self._shop = shop
        self._advance = advance
        self._ends = time.perf_counter() + _SETTLES_WITHIN_SECONDS

    async def orders(self, fates: Iterable[tuple[str, Fate]]) -> Comparison:
        """Compares status, reasons, total and refund of every order."""

        async def one(order_id: str, fate: Fate, result: Comparison) -> None:
            expected = None
            if fate.status != "invalid":
                expected = (fate.status, fate.reasons, fate.total, fate.refunded)

            async def ask() -> object:
                found = await self._shop.get(f"/v1/orders/{order_id}")
                return found and (
                    found["status"],
                    found["reasons"],
                    cents(found["total"]),
                    cents(found["refunded"]),
                )

            result.take(order_id, expected, await self._until(expected, ask))

        return await self._each("order", fates, one)

    async def payments(self, fates: Iterable[tuple[str, Fate]]) -> Comparison:
        """Compares status, captured and refunded amounts of every payment."""

        async def one(order_id: str, fate: Fate, result: Comparison) -> None:
            expected = None
            if fate.status != "invalid":
                expected = (fate.payment, fate.captured, fate.refunded)

            async def ask() -> object:
                found = await self._shop.get(f"/v1/payments/{order_id}")
                return found and (
                    found["status"],
                    cents(found["captured"]),
                    cents(found["refunded"]),
                )

            result.take(order_id, expected, await self._until(expected, ask))

        return await self._each("payment", fates, one)

    async def mails(self, fates: Iterable[tuple[str, Fate]]) -> Comparison:
        """Compares the kinds of all mails about every order, each exactly as often as it must be."""

        async def one(order_id: str, fate: Fate, result: Comparison) -> None:
            expected = [] if fate.status == "invalid" else fate.mails

            async def ask() -> object:
                found = await self._shop.get("/v1/notifications", order_id=order_id) or {}
                return sorted(each["kind"] for each in found.get("items", ()))

            result.take(order_id, expected, await self._until(expected, ask))

        return await self._each("mail", fates, one)

    async def stock(self, left: Iterable[tuple[str, int]]) -> Comparison:
        """Compares the rest of every article; nothing may be reserved for anybody any more."""

        async def one(sku: str, quantity: int, result: Comparison) -> None:
            expected = (quantity, 0)

            async def ask() -> object:
                found = await self._shop.stock(sku)
                return found and (found["on_hand"], found["reserved"])

            result.take(sku, expected, await self._until(expected, ask))

        return await self._each("article", left, one)

    async def days(self, month: Month, prophecy: Prophecy) -> Comparison:
        """Compares the sums of every day."""
        result = Comparison("day")
        names = ("orders", "confirmed", "rejected", "revenue", "refunds")
        expected = {day: tuple(sums[name] for name in names) for day, sums in prophecy.days.items()}

        async def ask() -> dict[str, tuple[int, ...]]:
            period = {"from": month.first_day, "to": month.last_day}
            found = await self._shop.get("/v1/reports/sales", **period) or {"days": []}
            return {day["day"]: _sums(day) for day in found["days"]}

        found = await self._until(expected, ask)
        for day in sorted(expected | found):
            result.take(day, expected.get(day), found.get(day))
        self._advance(1)
        return result

    async def _until(self, expected: object, ask: Ask) -> Any:
        found = await ask()
        while found != expected and time.perf_counter() < self._ends:
            await asyncio.sleep(0.1)
            found = await ask()
        return found

    async def _each(
        self,
        what: str,
        facts: Iterable[tuple[str, Any]],
        one: Callable[[str, Any, Comparison], Awaitable[None]],
    ) -> Comparison:
        result = Comparison(what)
        rest = iter(facts)

        async def work() -> None:
            for name, fact in rest:
                await one(name, fact, result)
                self._advance(1)

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())
        return result


def compare_books(data_dir: Path | None, prophecy: Prophecy) -> Comparison:
    """Compares the ledger, read from the payments module's own database."""
    result = Comparison("ledger")
    path = data_dir / "payments.db" if data_dir else None
    if path is None or not path.exists():
        result.skipped = "its database is not here"
        return result
    expected = Counter(
        {
            ("provider", "sales"): sum(fate.captured for fate in prophecy.orders.values()),
            ("returns", "provider"): sum(fate.refunded for fate in prophecy.orders.values()),
        }
    )
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as books:
        rows = books.execute("SELECT debit, credit, sum(amount) FROM transfer GROUP BY 1, 2")
        found = Counter({(debit, credit): amount for debit, credit, amount in rows})
    for way in sorted(expected | found):
        result.take(" to ".join(reversed(way)), expected[way], found[way])
    return result


def cents(amount: str) -> int:
    """Converts `2.55` to 255."""
    whole, _, rest = amount.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def _sums(day: Json) -> tuple[int, ...]:
    counts = (day["orders"], day["confirmed"], day["rejected"])
    return (*counts, cents(day["revenue"]), cents(day["refunds"]))
