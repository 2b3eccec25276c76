"""Opens the tiny business on a transport, closes it and opens it again on the same data."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from amphibus.admin.stores import AdminStore
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY
from amphibus.testing import Harness
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.databases import Databases, Files, Schemas
from amphibus.testing.conformance.moods import Script, container_with
from amphibus.transports.registry import MakeTransport

PARTITIONS = 2
MODULES = ("desk", "archive", "readers")
Lines = list[tuple[str, int, str]]


@dataclass
class Office:
    """One place for data, one transport, one script; `open` it as often as you like."""

    transport: str | MakeTransport
    """A name, or what makes one."""
    data: Path
    script: Script = field(default_factory=Script)
    seed: int = 0
    amqp_url: str | None = None
    db_url: str | None = None
    ahead: timedelta = timedelta(0)
    """The time by which its clock was moved; time goes on where it was left."""
    waiting_outside: Callable[[str], Awaitable[int]] | None = None
    """Counts what waits for a module where a transport keeps messages itself."""

    @property
    def databases(self) -> Databases:
        """Files in its folder, or schemas on a server."""
        return Files(self.data) if self.db_url is None else Schemas(self.db_url)

    @asynccontextmanager
    async def open(
        self,
        *modules: str,
        business: Project | None = None,
        settings: dict[str, Any] | None = None,
        at: datetime | None = None,
        **bus: Any,
    ) -> AsyncIterator[Harness]:
        """Hosts modules, all if none is named, from now or a time on. `bus` are settings of the bus by name."""
        names = modules or MODULES
        flags: dict[str, Any] = {f"bus.{name}": value for name, value in bus.items()}
        # Few queues, as they are made and removed for every test.
        flags["bus.partitions"] = PARTITIONS
        flags["db_url"] = self.db_url
        flags["direct.messages"] = "on"
        flags["rabbitmq.prefetch"] = max(1, bus.get("window", 100) // PARTITIONS)
        async with Harness.of(
            business or project(),
            modules=names,
            transport=self.transport,
            seed=self.seed,
            data_dir=self.data,
            amqp_url=self.amqp_url,
            settings=flags | (settings or {}),
            containers={name: container_with(self.script) for name in names},
            ahead=self.ahead,
            at=at,
        ) as harness:
            try:
                yield harness
            finally:
                self.ahead = harness.clock.ahead

    def lines(self, module: str, book: str | None = None) -> Lines:
        """Returns what a module has kept, in order: book, line, what."""
        rows = self.query(module, "SELECT book, line, what FROM line ORDER BY id")
        return [row for row in rows if book in (None, row[0])]

    def numbers(self, module: str, book: str, what: str | None = None) -> list[int]:
        """The lines of a book as a module has kept them, in order."""
        found = self.lines(module, book)
        return [line for _, line, how in found if what in (None, how)]

    def query(self, module: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Reads a module's database as it stands on the disk."""
        return [tuple(row) for row in self.databases.query(module, statement, *values)]

    def change(self, module: str, statement: str, *values: Any) -> None:
        """Writes into a module's database, as another process would."""
        self.databases.change(module, statement, *values)

    def stores(self, *modules: str) -> dict[str, AdminStore]:
        """The databases of modules as an operator's commands use them."""
        return self.databases.stores(modules, PARTITIONS)

    def lose(self, *modules: str) -> None:
        """Takes the databases of modules away, while nobody works with them."""
        for module in modules:
            self.databases.lose(module)

    def outlive(self) -> None:
        """Lets time go by until nothing is kept for a process that was killed."""
        self.databases.outlive((*MODULES, GATEWAY))

    async def waiting(self, sender: str, receiver: str) -> int:
        """Returns how many messages wait on a disk to be taken: in the outbox, and where there is a broker, there."""
        statement = "SELECT count(*) FROM amphibus_delivery WHERE destination = ?"
        found = int(self.query(sender, statement, receiver)[0][0])
        if self.waiting_outside is not None:
            found += await self.waiting_outside(receiver)
        return found

    def count(self, module: str, table: str) -> int:
        """The rows of a table."""
        return int(self.query(module, f"SELECT count(*) FROM {table}")[0][0])


async def until(fact: Callable[[], Any], patience: float = 60.0) -> None:
    """Waits until something is true; most of the time it does not look, since a look may hold up all else."""
    async with asyncio.timeout(patience):
        began = time.perf_counter()
        while not fact():
            looked = time.perf_counter() - began
            await asyncio.sleep(max(0.002, 4 * looked))
            began = time.perf_counter()


async def grown(look: Callable[[], int], wanted: int) -> None:
    """Waits until a number is reached, as long as it grows: however many there are, a slow machine is no failure."""
    count = before = look()

    def grows() -> bool:
        nonlocal count
        count = look()
        return count > before

    while count < wanted:
        before = count
        await until(grows)
