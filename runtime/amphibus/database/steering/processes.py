"""The processes that have not ended: where each stands, and since when. Every statement on `amphibus_process` is here.

The state itself is a column of the module's own table; this one is written with it, in the same commit.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from amphibus.database.sql import Sql
from amphibus.database.timers import NEVER

ENTER_STATE: Final = (
    "INSERT INTO amphibus_process (process, key, state, since) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (process, key) DO UPDATE SET state = excluded.state, since = excluded.since"
)
END_PROCESS: Final = "DELETE FROM amphibus_process WHERE process = ? AND key = ?"
_LIST_ANEW: Final = (
    "INSERT INTO amphibus_process (process, key, state, since) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (process, key) DO UPDATE SET state = excluded.state"
)


class ProcessAt(NamedTuple):
    """A process that has not ended. `since` is 0 where it is older than this table."""

    process: str
    key: str
    state: str
    since: int


class Armed(NamedTuple):
    """A deadline that is armed."""

    name: str
    due: int


class Step(NamedTuple):
    """A message that was handled, by its key."""

    seq: int
    key: str
    type: str
    handled: int


async def processes_after(
    sql: Sql,
    place: tuple[int, str, str],
    *,
    process: str | None,
    states: Sequence[str],
    key: str | None,
    before: int | None,
    limit: int,
) -> list[ProcessAt]:
    """Returns processes behind a place, those first that have stood still longest; narrowed by what is given."""
    conditions, values = "(since, process, key) > (?, ?, ?)", [*place]
    for column, value in (("process", process), ("key", key)):
        if value is not None:
            conditions += f" AND {column} = ?"
            values.append(value)
    if states:
        conditions += f" AND state IN ({', '.join('?' * len(states))})"
        values += states
    if before is not None:
        conditions += " AND since <= ?"
        values.append(before)
    rows = await sql.rows(
        f"SELECT process, key, state, since FROM amphibus_process WHERE {conditions}"
        " ORDER BY since, process, key LIMIT ?",
        *values,
        limit,
    )
    return [ProcessAt(*row) for row in rows]


async def counts_by_state(sql: Sql) -> list[tuple[str, str, int]]:
    """Returns how many processes stand in each state that is not final."""
    rows = await sql.rows(
        "SELECT process, state, count(*) FROM amphibus_process GROUP BY process, state"
        " ORDER BY process, state"
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def armed(sql: Sql, process: str, key: str, names: Sequence[str]) -> list[Armed]:
    """Returns the deadlines of a process that are armed; one whose message is delayed or dead is due never."""
    full = [f"{process}/{name}" for name in names]
    if not full:
        return []
    rows = await sql.rows(
        f"SELECT name, due FROM amphibus_timer WHERE name IN ({', '.join('?' * len(full))})"
        " AND key = ? ORDER BY due",
        *full,
        key,
    )
    return [Armed(row[0].partition("/")[2], row[1]) for row in rows]


async def expire(sql: Sql, process: str, key: str, names: Sequence[str], now: int) -> list[str]:
    """Makes the armed deadlines of a process due now; returns their names."""
    found = [each.name for each in await armed(sql, process, key, names) if each.due < NEVER]
    for name in found:
        await sql.run(
            "UPDATE amphibus_timer SET due = ? WHERE name = ? AND key = ? AND due > ?",
            now,
            f"{process}/{name}",
            key,
            now,
        )
    return found


async def steps_before(sql: Sql, at: int, seq: int, *, limit: int) -> list[Step]:
    """Returns messages with a key that were handled before a place in the inbox, newest first."""
    rows = await sql.rows(
        "SELECT seq, key, type, handled FROM amphibus_inbox WHERE (handled, seq) < (?, ?)"
        " ORDER BY handled DESC, seq DESC LIMIT ?",
        at,
        seq,
        limit,
    )
    return [Step(row[0], row[1] or "", row[2], row[3]) for row in rows]


async def list_anew(sql: Sql, process: str, standing: Sequence[tuple[str, str]]) -> None:
    """Lists the processes that stand in states which are not final, by key and state; times that are known stay."""
    keys = {key for key, _ in standing}
    known = await sql.rows("SELECT key FROM amphibus_process WHERE process = ?", process)
    gone = [(process, row[0]) for row in known if row[0] not in keys]
    await sql.many(END_PROCESS, gone)
    await sql.many(_LIST_ANEW, [(process, key, state, 0) for key, state in standing])
