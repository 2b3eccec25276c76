"""The answers about processes, and the acts on them."""

from amphibus.database.answers.acting import Acting
from amphibus.database.sql import Sql
from amphibus.database.steering import processes
from amphibus.messages.contracts.amphibus.answers import (
    DeadlineArmed,
    DeadlinesExpired,
    HandledStep,
    ProcessesByState,
    ProcessPage,
    ProcessStanding,
    StateCount,
    StepPage,
)
from amphibus.messages.contracts.amphibus.v1 import (
    CountProcesses,
    ExpireProcess,
    ListProcesses,
    ListSteps,
)


async def standing(sql: Sql, asked: ListProcesses) -> ProcessPage:
    """Returns a page of the processes that have not ended."""
    page = await processes.processes_after(
        sql,
        (asked.after_since, asked.after_process, asked.after_key),
        process=asked.process,
        states=asked.states,
        key=asked.key,
        before=asked.before,
        limit=asked.limit,
    )
    found = []
    for each in page:
        armed = await processes.armed(sql, each.process, each.key, asked.deadlines)
        deadlines = tuple(DeadlineArmed(name=name, due=due) for name, due in armed)
        found.append(ProcessStanding(**each._asdict(), deadlines=deadlines))
    return ProcessPage(processes=tuple(found))


async def counted(sql: Sql, _asked: CountProcesses) -> ProcessesByState:
    """Counts them by their states."""
    counts = await processes.counts_by_state(sql)
    return ProcessesByState(
        counts=tuple(StateCount(process=a, state=b, count=c) for a, b, c in counts)
    )


async def steps(sql: Sql, asked: ListSteps) -> StepPage:
    """Returns a page of what was handled, newest first."""
    page = await processes.steps_before(sql, asked.at, asked.seq, limit=asked.limit)
    return StepPage(steps=tuple(HandledStep(**each._asdict()) for each in page))


async def expired(sql: Sql, wanted: ExpireProcess, acting: Acting) -> DeadlinesExpired:
    """Makes the armed deadlines of a process due now."""
    names = await processes.expire(sql, wanted.process, wanted.key, wanted.deadlines, acting.now)
    return DeadlinesExpired(names=tuple(names))
