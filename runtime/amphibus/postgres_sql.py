"""How the runtime talks to its own tables in PostgreSQL: in few round trips, for each wakes the server."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from amphibus.records import ON_POSTGRESQL, PASTS_ON_POSTGRESQL, Records, Row, as_arrays
from amphibus.sql import Identified


class PostgresSql:
    """Speaks to the runtime's tables over asyncpg, which prepares each statement once."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    async def run(self, statement: str, *values: Any) -> int:
        """Runs a statement; returns the number of rows that it changed."""
        status: str = await self.raw.execute(_numbered(statement), *values)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        """All rows of a query."""
        found: list[Row] = await self.raw.fetch(_numbered(statement), *values)
        return found

    async def row(self, statement: str, *values: Any) -> Row | None:
        """Its first row."""
        found: Row | None = await self.raw.fetchrow(_numbered(statement), *values)
        return found

    async def many(self, statement: str, values: Sequence[Row]) -> None:
        """Runs a statement once for each row of values, in one round trip."""
        if values:
            await self.raw.executemany(_numbered(statement), values)

    async def pasts(self, messages: Sequence[Identified]) -> list[Row | None]:
        """What stands against running each of some messages, in one round trip."""
        columns = [list(column) for column in zip(*messages, strict=True)]
        found: list[Row | None] = [None] * len(messages)
        for place, outcome, answer in await self.raw.fetch(PASTS_ON_POSTGRESQL, *columns):
            found[place - 1] = (outcome, answer)
        return found

    async def keep(self, records: Records) -> list[int]:
        """Writes what a commit has to record, in one round trip; returns the numbers of its outbox rows."""
        rows = await self.raw.fetch(ON_POSTGRESQL, *as_arrays(records))
        return [row[0] for row in rows]


@lru_cache(maxsize=512)
def _numbered(statement: str) -> str:
    """`?` as `$1`, `$2` …; no statement of ours has a question mark elsewhere."""
    head, *parts = statement.split("?")
    return head + "".join(f"${number}{part}" for number, part in enumerate(parts, start=1))
