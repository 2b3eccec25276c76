"""The shop's books where a broker is between the modules, in files or at a database server."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg

from amphibus.routing.project import Project
from tests.faults.books import Books
from tests.faults.month import ROOT

_PATIENCE_SECONDS: Final = 30.0
_BY_TYPE: Final = "SELECT type, count(*) FROM amphibus_{} GROUP BY type"
T = TypeVar("T")


class FileBooks(Books):
    """SQLite files. What a broker holds is unfinished too."""

    def unfinished(self) -> dict[str, int]:
        """What is under way anywhere, by module and where it is.

        What was sent is read last: all that its handlers could have sent by then is seen.
        """
        return _unfinished(self, super().unfinished)


class ServerBooks(Books):
    """Schemas at a PostgreSQL server, which may be away for a moment."""

    def __init__(self, data_dir: Path, url: str) -> None:
        super().__init__(data_dir)
        self._url = url

    def unfinished(self) -> dict[str, int]:
        """As in files."""
        return _unfinished(self, super().unfinished)

    def modules(self) -> list[str]:
        """The modules that have a schema."""
        statement = "SELECT schemaname FROM pg_tables WHERE tablename = 'amphibus_meta' ORDER BY 1"
        return [row[0] for row in self.rows("public", statement)]

    def rows(self, module: str, statement: str) -> Sequence[Sequence[Any]]:
        """All rows of a query to a module's schema."""
        found = patiently(lambda: asyncio.run(_fetch(self._url, module, statement)))
        return [[_plain(value) for value in row] for row in found]

    def broken(self) -> list[str]:
        """A server looks after its files itself."""
        return []


def patiently(ask: Callable[[], T]) -> T:
    """Asks a server again for as long as it is away."""
    ends = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError):
            if time.monotonic() > ends:
                raise
        time.sleep(0.1)


def _unfinished(books: Books, lying: Callable[[], dict[str, int]]) -> dict[str, int]:
    handled = {module: _by_type(books, module, "inbox") for module in books.modules()}
    found = lying()
    topology = Project.find(ROOT).topology()
    for module in books.modules():
        for kind, count in _by_type(books, module, "outbox").items():
            for destination in topology.destinations(topology.contracts[kind]):
                left = count - handled.get(destination, Counter())[kind]
                if left > 0:
                    found[f"{kind} to {destination}"] = left
    return found


def _by_type(books: Books, module: str, table: str) -> Counter[str]:
    return Counter(dict(map(tuple, books.rows(module, _BY_TYPE.format(table)))))


def _plain(value: Any) -> Any:
    """An amount as cents, which is what a file holds."""
    return int(value.scaleb(2)) if isinstance(value, Decimal) else value


async def _fetch(url: str, schema: str, statement: str) -> Sequence[Sequence[Any]]:
    connection = await asyncpg.connect(
        url, timeout=10, server_settings={"search_path": schema}, statement_cache_size=0
    )
    try:
        found: Sequence[Sequence[Any]] = await connection.fetch(statement)
        return found
    finally:
        await connection.close()
