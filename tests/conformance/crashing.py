"""A process of its own that does a day's work of the tiny business, and may be killed at any point of it.

What it was told to be accepted it notes in a ledger, as a producer would; started again, it sends only the rest.
"""

import asyncio
import multiprocessing
import os
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import structlog

from amphibus import failpoints
from amphibus.contract import Message
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office

# What fails twice fails so in each process, as they know nothing of each other: four make eight.
_SETTINGS: dict[str, Any] = {"max_attempts": 10, "quick_retries": 1}


def days_work() -> dict[str, Message]:
    """What is sent, by message id: some of it fails, calls outside, dies, lends a book, or sends later."""
    work: dict[str, Message] = {}
    for n in range(4):
        work[f"write{n}"] = desk.Write(book="a", line=n)
        work[f"other{n}"] = desk.Write(book=f"o{n}", line=n)
    work["quick"] = desk.Write(book="q", line=1, mood="fail 1")
    work["delayed"] = desk.Call(book="p", line=1, mood="fail 2")
    work["behind"] = desk.Call(book="p", line=2)
    work["dead"] = desk.Write(book="d", line=1, mood="broken")
    work["lend"] = desk.Lend(book="l")
    work["later"] = desk.Remind(book="r", line=1, minutes=90)
    work["replaced"] = desk.Remind(book="n", line=1, minutes=30 * 24 * 60, name="reminder")
    work["replacing"] = desk.Remind(book="n", line=2, minutes=150, name="reminder")
    return work


async def live(office: Office) -> None:
    """Sends what is not accepted yet, lets days go by, cleans up, stops."""
    ledger = office.data / "accepted"
    async with office.open(**_SETTINGS) as shop:
        accepted = ledger.read_text().split() if ledger.exists() else []
        for identity, message in days_work().items():
            if identity not in accepted:
                await shop.send(message, message_id=identity)
                _note(ledger, identity)
        await pass_days(shop)


async def pass_days(shop: Harness) -> None:
    """Long enough for every retry and every deadline, not for the memory of what was handled."""
    await shop.settle()
    for hours in (*(1,) * 9, 24 * 9):
        await shop.advance(hours=hours)
    for hosted in shop.host.modules.values():
        await hosted.retention.prune()


def start(office: Office, *, point: str = "", what: Any = None) -> int | None:
    """Runs it in a process of its own; returns the exit code, negative if a signal ended it."""
    office.outlive()
    place = (office.transport, office.data, office.amqp_url, office.db_url)
    process = _context().Process(target=_run, args=(place, point, what or live))
    process.start()
    process.join(40)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.conformance.crashing"])
    return context


def _run(place: tuple[str, Path, str | None, str | None], point: str, what: Any) -> None:
    structlog.configure(processors=[_silence])
    failpoints.arm(point)
    transport, data, amqp_url, db_url = place
    asyncio.run(what(Office(transport, data, amqp_url=amqp_url, db_url=db_url)))


def _silence(*_: object) -> Any:
    raise structlog.DropEvent


def _note(ledger: Path, identity: str) -> None:
    with ledger.open("a") as file:
        file.write(f"{identity}\n")
        file.flush()
        os.fsync(file.fileno())
