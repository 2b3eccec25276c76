"""A process that lives through the loss of its broker and its return, and may be killed at any point of that.

What it was told to be accepted it notes in a ledger, as a producer would; started again, it sends only the rest. Each
life has a broker of its own, in memory: what that had confirmed is lost with the process.
"""

import asyncio
import os
from pathlib import Path
from random import Random
from typing import Final

from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from tests.direct.exchange import Exchange
from tests.direct.town import changes

BOOKS: Final = ("a", "b", "c")
LINES: Final = 12
"""Of each book."""
_LOOK_SECONDS: Final = 0.01
_TO_BE_ASKED: Final = "SELECT 1 FROM amphibus_meta WHERE name LIKE 'behind%' AND value <> '[]'"


async def outage(office: Office) -> None:
    """A broker takes a third of the lines and is lost with them, is away for a third, and is there for the rest."""
    exchange = Exchange()
    place = Office(exchange.transport, office.data, seed=office.seed, db_url=office.db_url)
    ledger = _Ledger(office.data / "accepted")
    async with place.open(fallback_after_seconds=0.01, return_after_seconds=0.01) as shop:
        exchange.serves = False
        await _write(shop, ledger, LINES // 3)
        await _confirmed(place)
        exchange.go(losing=True)
        await _write(shop, ledger, 2 * LINES // 3)
        await _until_changed(shop, "direct")
        await shop.settle()
        exchange.serves = True
        exchange.come()
        await _write(shop, ledger, LINES)
        await _until_changed(shop, "broker")
        await shop.settle()


async def replaced(office: Office) -> None:
    """A broker takes a third of the lines and is replaced at once by an empty one, which takes the rest."""
    exchange = Exchange()
    exchange.marks = _MarksOnDisk(office.data / "marks")
    place = Office(exchange.transport, office.data, seed=office.seed, db_url=office.db_url)
    ledger = _Ledger(office.data / "accepted")
    async with place.open(fallback_after_seconds=3600, return_after_seconds=3600) as shop:
        exchange.serves = False
        await _write(shop, ledger, LINES // 3)
        await _confirmed(place)
        exchange.restart(losing=True)
        exchange.serves = True
        await _write(shop, ledger, LINES)
        await shop.settle()


async def after_replacement(office: Office) -> None:
    """The broker that took the other one's place is there, with its marks."""
    exchange = Exchange()
    exchange.marks = _MarksOnDisk(office.data / "marks")
    await _after(office, exchange)


async def afterwards(office: Office) -> None:
    """The broker is there, and empty."""
    await _after(office, Exchange())


async def _after(office: Office, exchange: Exchange) -> None:
    place = Office(exchange.transport, office.data, seed=office.seed, db_url=office.db_url)
    ledger = _Ledger(office.data / "accepted")
    async with place.open(fallback_after_seconds=3600, return_after_seconds=3600) as shop:
        await _write(shop, ledger, LINES)
        await shop.settle()
        while any(len(place.numbers("desk", book)) < LINES for book in BOOKS):
            await asyncio.sleep(_LOOK_SECONDS)  # leases of the dead may have to run out
        await shop.settle()
        while place.query("gateway", _TO_BE_ASKED):
            await asyncio.sleep(_LOOK_SECONDS)  # it is noted after the messages have left


class _MarksOnDisk(set[str]):
    """The marks at a broker that outlives the processes which use it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.read_text().split() if path.exists() else ())
        self._path = path

    def add(self, mark: str) -> None:
        super().add(mark)
        self._write()

    def discard(self, mark: object) -> None:
        super().discard(mark)
        self._write()

    def clear(self) -> None:
        super().clear()
        self._write()

    def _write(self) -> None:
        self._path.write_text(" ".join(self))


class _Ledger:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.accepted = set(path.read_text().split()) if path.exists() else set()

    def note(self, identity: str) -> None:
        with self._path.open("a") as file:
            file.write(f"{identity}\n")
            file.flush()
            os.fsync(file.fileno())


async def _write(shop: Harness, ledger: _Ledger, lines: int) -> None:
    """Writes the lines up to one, in an order of the books that the seed says."""
    chance = Random(lines)
    for line in range(lines):
        for book in chance.sample(BOOKS, len(BOOKS)):
            identity = f"{book}{line}"
            if identity not in ledger.accepted:
                await shop.send(desk.Write(book=book, line=line), message_id=identity)
                ledger.note(identity)
                ledger.accepted.add(identity)


async def _confirmed(place: Office) -> None:
    while await place.waiting("gateway", "desk"):
        await asyncio.sleep(_LOOK_SECONDS)


async def _until_changed(shop: Harness, way: str) -> None:
    while not changes(shop, way):
        await asyncio.sleep(_LOOK_SECONDS)
