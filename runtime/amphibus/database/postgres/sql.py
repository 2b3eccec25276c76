"""The runtime's statements on its own tables in PostgreSQL, in few round trips, for each wakes the server.

Rows are written by simple statements, many in one round trip: the server plans those once. It would plan one
that takes all rows of a commit as arrays anew each time, which takes it longer than to run it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from amphibus.database.inbox import INSERT_INBOX, PRIOR_OUTCOME
from amphibus.database.later import KEEP_LATER, RECALL
from amphibus.database.outbox import INSERT_OUTBOX
from amphibus.database.sql import Identified, Sql
from amphibus.database.steering.processes import END_PROCESS, ENTER_STATE
from amphibus.database.timers import ARM_TIMER, DISARM_TIMER
from amphibus.database.write_set import OutboxEntry, Row, WriteSet

NOW: Final = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
"""The database's own clock, in microseconds: instances agree on it, whatever theirs say."""
_SENT: Final = f"""
    sent AS ({INSERT_OUTBOX} RETURNING seq),
    on_its_way AS (
        INSERT INTO amphibus_delivery (destination, seq, partition)
        SELECT destination, seq, ?::bigint FROM sent CROSS JOIN unnest(?::text[]) AS destination
    )
"""
_SEND: Final = f"WITH {_SENT} SELECT seq FROM sent"
_SEND_AND_NOTE: Final = f"WITH {_SENT}, handled AS ({INSERT_INBOX}) SELECT seq FROM sent"

_PRIOR_OUTCOMES: Final = f"""
    SELECT place, past.outcome, past.answer
    FROM unnest(?::text[], ?::text[], ?::text[]) WITH ORDINALITY AS given(source, id, ordering_key, place)
    CROSS JOIN LATERAL (
        {PRIOR_OUTCOME.format(source="given.source", id="given.id", ordering_key="given.ordering_key")}
    ) AS past
"""
_HELD: Final = """
    SELECT l.partition, l.token FROM amphibus_instance i LEFT JOIN amphibus_lease l ON l.owner = i.id
    WHERE i.id = ? FOR KEY SHARE OF i
"""
_HELD_AND_PRIOR_OUTCOMES: Final = f"""
    WITH held AS ({_HELD})
    SELECT NULL AS place, NULL AS outcome, NULL AS answer, partition, token FROM held
    UNION ALL SELECT place, outcome, answer, NULL, NULL FROM ({_PRIOR_OUTCOMES}) AS found
"""
_SIZE: Final = (
    "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND c.relkind = 'r'"
)
_NOBODY: Final = [("", "", "")] * 16
_OFTEN: Final = 6
"""After five runs the server begins to ask itself whether it must plan a statement anew each time."""


class PostgresSql:
    """Speaks to the runtime's tables over asyncpg, which prepares each statement once."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self._planned: set[str] = set()

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

    async def has_table(self, name: str) -> bool:
        """Returns whether the module has a table of that name: its schema is all that is searched."""
        found = await self.row("SELECT to_regclass(?)", f'"{name}"')
        return found is not None and found[0] is not None

    async def size(self) -> int:
        """Returns the bytes that the module's tables take, with their indexes."""
        row = await self.row(_SIZE)
        return int(row[0] or 0) if row else 0

    async def many(self, statement: str, values: Sequence[Row]) -> None:
        """Runs a statement once for each row of values, in one round trip."""
        if values:
            await self.raw.executemany(_numbered(statement), values)

    async def prior_outcomes(self, messages: Sequence[Identified]) -> list[Row | None]:
        """Returns what stands against running each of some messages, in one round trip."""
        found: list[Row | None] = [None] * len(messages)
        for place, outcome, answer in await self._of_messages(_PRIOR_OUTCOMES, messages):
            found[place - 1] = (outcome, answer)
        return found

    async def held_and_prior_outcomes(
        self, instance: str, messages: Sequence[Identified]
    ) -> tuple[list[Row], list[Row | None]]:
        """Returns an instance's partitions with their tokens, locked with it, and the prior outcomes."""
        if not messages:
            return await self.rows(_HELD, instance), []
        held: list[Row] = []
        prior_outcomes: list[Row | None] = [None] * len(messages)
        for row in await self._of_messages(_HELD_AND_PRIOR_OUTCOMES, messages, instance):
            place, outcome, answer, partition, token = row
            if place is None:
                held.append((partition, token))
            else:
                prior_outcomes[place - 1] = (outcome, answer)
        return held, prior_outcomes

    async def flush(self, write_set: WriteSet) -> list[int]:
        """Writes what a commit has to record; returns the numbers of its outbox rows, in their order."""
        inbox, outbox = write_set.inbox, write_set.outbox
        both = min(len(inbox), len(outbox))
        # Which of them are written by one statement has no meaning: all of it is one transaction.
        paired = [(*_leaving(row), *noted) for row, noted in zip(outbox, inbox, strict=False)]
        numbers = await self._numbers(_SEND_AND_NOTE, paired)
        numbers += await self._numbers(_SEND, [_leaving(row) for row in outbox[both:]])
        await self.many(INSERT_INBOX, inbox[both:])
        if write_set.timers:
            await self.many(ARM_TIMER, write_set.armed)
            await self.many(DISARM_TIMER, write_set.disarmed)
        if write_set.later:
            await self.many(KEEP_LATER, write_set.kept_for_later)
            await self.many(RECALL, write_set.recalled)
        if write_set.moved:
            await self.many(ENTER_STATE, write_set.states_entered)
            await self.many(END_PROCESS, write_set.processes_ended)
        if write_set.acks:
            await self.raw.execute(_deletes(write_set.acks))
        return numbers

    async def _numbers(self, statement: str, rows: Sequence[Row]) -> list[int]:
        if not rows:
            return []
        return [row[0] for row in await self.raw.fetchmany(_numbered(statement), rows)]

    async def _of_messages(
        self, statement: str, messages: Sequence[Identified], *before: Any
    ) -> list[Row]:
        """Asks about messages; shows the server beforehand that one plan serves any number of them."""
        if statement not in self._planned:
            self._planned.add(statement)
            for _ in range(_OFTEN):
                await self._of_messages(statement, _NOBODY, *before)
        columns = (list(column) for column in zip(*messages, strict=True))
        return await self.rows(statement, *before, *columns)


async def time_of_server(sql: Sql) -> int:
    """Returns the time by the database's own clock, microseconds since the epoch."""
    (row,) = await sql.rows(f"SELECT {NOW}")
    return int(row[0])


def _leaving(row: OutboxEntry) -> Row:
    columns, destinations, partition = row
    return (*columns, partition, destinations)


def _deletes(acks: Iterable[tuple[str, int]]) -> str:
    """Rows of what arrived, removed by a text without parameters, which is planned for the table as it is.

    It is small or large, and full of what was deleted: a plan that was kept would read all of it.
    """
    numbers: dict[str, list[str]] = {}
    for destination, seq in acks:
        numbers.setdefault(destination, []).append(str(seq))
    return ";".join(
        f"DELETE FROM amphibus_delivery WHERE destination = '{_escaped(name)}' AND seq IN ({', '.join(found)})"
        for name, found in numbers.items()
    )


def _escaped(name: str) -> str:
    return name.replace("'", "''")


@lru_cache(maxsize=512)
def _numbered(statement: str) -> str:
    """`?` as `$1`, `$2` …; no statement of ours has a question mark elsewhere."""
    head, *partitions = statement.split("?")
    return head + "".join(
        f"${number}{partition}" for number, partition in enumerate(partitions, start=1)
    )
