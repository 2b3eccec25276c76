"""Takes over the rows of a process whose states were renamed, and refuses to run while it would lose some."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from amphibus.clock import SECOND, Clock
from amphibus.database.facts import note_process, process_noted
from amphibus.database.sql import Sql
from amphibus.database.steering.processes import list_anew
from amphibus.database.store import Store, writing_alone
from amphibus.database.timers import (
    Timer,
    arm_if_missing,
    keys_of_timers,
    rename_timers,
    timers_named,
)
from amphibus.database.write_set import Row
from amphibus.errors import StoreError
from amphibus.messages.ids import new_id, new_trace
from amphibus.partitions.assignment import partition_of
from amphibus.process import Process

_SOME: Final = 5


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Rows of a process that its code would lose: in a state, or with a deadline, that it does not know."""

    process: str
    kind: str
    """`state` or `deadline`."""
    name: str
    count: int
    keys: tuple[str, ...]
    """Some of them."""

    @property
    def what(self) -> str:
        """The rows in words."""
        verb = "has" if self.count == 1 else "have"
        where = "is in the state" if self.kind == "state" else f"{verb} the deadline"
        if self.count > 1:
            where = where.replace("is in", "are in")
        keys = ", ".join(self.keys) + (", …" if self.count > len(self.keys) else "")
        return f"process {self.process}: {self.count} {where} '{self.name}' ({keys})"

    @property
    def fix(self) -> str:
        """The declaration that takes them over."""
        field = "takes_over" if self.kind == "state" else "takes_over_deadlines"
        return f'Process(name="{self.process}", {field}={{"{self.name}": "..."}})'


@dataclass(frozen=True, slots=True)
class NewDeadlines:
    """The parts of a module that a deadline is armed with at its start."""

    clock: Clock
    container: Any
    partitions: int


async def left_behind(sql: Sql, process: Process) -> list[LeftBehind]:
    """Returns what the code would lose of what is in a database, also after it has taken over."""
    found = [
        LeftBehind(process.name, "state", state, count, await _keys(sql, process, state, _SOME))
        for state, count in await _in_unknown_states(sql, process)
    ]
    prefix = f"{process.name}/"
    for name, count in (await timers_named(sql, prefix)).items():
        deadline = name.removeprefix(prefix)
        if deadline not in {*process.deadlines, *process.takes_over_deadlines}:
            keys = await keys_of_timers(sql, name, limit=_SOME)
            found.append(LeftBehind(process.name, "deadline", deadline, count, tuple(keys)))
    return found


async def _in_unknown_states(sql: Sql, process: Process) -> Sequence[Row]:
    if not await _has_rows(sql, process):
        return ()
    known = [*(each.name for each in process.states), *process.takes_over]
    marks = ", ".join("?" * len(known))
    return await sql.rows(
        f"SELECT {_column(process)}, count(*) FROM {_table(process)}"
        f" WHERE {_column(process)} NOT IN ({marks}) GROUP BY 1 ORDER BY 1",
        *known,
    )


async def _has_rows(sql: Sql, process: Process) -> bool:
    """Returns whether its table is there: a process that is new here has lost nothing."""
    return await sql.has_table(str(process.table.__tablename__))


async def take_over(store: Store, processes: Sequence[Process], new: NewDeadlines) -> None:
    """Brings the rows of processes to the states of this code, in one transaction; looks only if these changed.

    Raises:
        StoreError: rows stand in states that this code does not know, or a newer version wrote them.
    """
    changed = [
        each for each in processes if await process_noted(store.reader, each.name) != _noted(each)
    ]
    if not changed:
        return
    async with writing_alone(store) as sql:
        for process in changed:
            await _take_over(sql, process, new)


async def _take_over(sql: Sql, process: Process, new: NewDeadlines) -> None:
    before = json.loads(await process_noted(sql, process.name) or "{}")
    if before.get("version", 0) > process.version:
        raise StoreError(
            f"process {process.name} has run as version {before['version']}",
            f"this code has version {process.version}, and may not know its states",
            "install the newer code, or restore a backup: amphibus db restore --from FOLDER",
        )
    if lost := await left_behind(sql, process):
        raise StoreError(
            "; ".join(each.what for each in lost),
            f"this code knows the states {', '.join(each.name for each in process.states)}",
            f"{lost[0].fix}, or install the code that knows it",
        )
    for old, name in process.takes_over_deadlines.items():
        await rename_timers(sql, f"{process.name}/{old}", f"{process.name}/{name}")
    if await _has_rows(sql, process):
        for old, state in process.takes_over.items():
            await _arm(sql, process, old, state, new)
            await sql.run(
                f"UPDATE {_table(process)} SET {_column(process)} = ? WHERE {_column(process)} = ?",
                state,
                old,
            )
        await _list(sql, process)
    await note_process(sql, process.name, _noted(process))


async def _list(sql: Sql, process: Process) -> None:
    """Lists those that have not ended; their table may be older than the list."""
    standing = [
        (key, state.name)
        for state in process.states
        if not state.final
        for key in await _keys(sql, process, state.name, None)
    ]
    await list_anew(sql, process.name, standing)


async def _arm(sql: Sql, process: Process, old: str, state: str, new: NewDeadlines) -> None:
    """Arms the deadline of a state for rows that come into it, as a step would: one that runs, runs on."""
    deadline = process.state(state).deadline
    if deadline is None:
        return
    due = new.clock.now() + int(deadline.after(new.container).total_seconds() * SECOND)
    name = f"{process.name}/{deadline.name}"
    for key in await _keys(sql, process, old, None):
        identity = new_id()
        partition = partition_of(key, "", new.partitions)
        timer = Timer(name, key, due, identity, identity, None, new_trace(), partition)
        await arm_if_missing(sql, timer)


async def _keys(sql: Sql, process: Process, state: str, limit: int | None) -> tuple[str, ...]:
    some = "" if limit is None else f" LIMIT {limit}"
    rows = await sql.rows(
        f'SELECT "{process.key_column}" FROM {_table(process)} WHERE {_column(process)} = ?'
        f" ORDER BY 1{some}",
        state,
    )
    return tuple(process.key_text(row[0]) for row in rows)


def _noted(process: Process) -> str:
    """The states and versions that decide whether rows of a process may be lost, noted at each start."""
    return json.dumps(
        {
            "version": process.version,
            "states": sorted(each.name for each in process.states),
            "deadlines": sorted(process.deadlines),
            "listed": 1,
        }
    )


def _table(process: Process) -> str:
    return f'"{process.table.__tablename__}"'


def _column(process: Process) -> str:
    return f'"{process.column}"'
