"""The table of what a store can answer by itself."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar, cast

from amphibus.contract import Command, Query, Value
from amphibus.database.answers import (
    backlog,
    letters,
    processes,
    schedules,
    settings,
    steering,
    story,
)
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus import v1

AnswerT = TypeVar("AnswerT", bound=Value)
FromStore = Callable[[Sql, Any], Awaitable[Value]]
InStore = Callable[[Sql, Any, int], Awaitable[Value]]
"""Takes the time by the store's clock too."""

ANSWERS: Final[Mapping[type[Query[Any]], FromStore]] = {
    v1.CheckArrived: backlog.not_arrived,
    v1.CountStore: backlog.store_counts,
    v1.CountWaits: backlog.store_waits,
    v1.ListMessagesLeft: backlog.messages_left,
    v1.TellFlow: story.told,
    v1.FindFlow: story.found,
    v1.ListHappened: story.happened,
    v1.SummarizeFlows: story.summarized,
    v1.ListDead: letters.dead_letters,
    v1.ShowDead: letters.dead_letter,
    v1.ListPauses: steering.paused,
    v1.ListLimits: steering.limited,
    v1.TellSettings: settings.in_force,
    v1.ListSchedules: schedules.standing,
    v1.ListProcesses: processes.standing,
    v1.CountProcesses: processes.counted,
    v1.ListSteps: processes.steps,
}
ACTS: Final[Mapping[type[Command[Any]], InStore]] = {
    v1.PauseModule: steering.pause,
    v1.ResumeModule: steering.resume,
    v1.SetLimit: steering.limit,
    v1.UnsetLimit: steering.unlimit,
    v1.PauseSchedule: schedules.paused,
    v1.ResumeSchedule: schedules.resumed,
    v1.RunSchedule: schedules.asked_for,
    v1.ExpireProcess: processes.expired,
}


async def answer(sql: Sql, asked: Query[AnswerT]) -> AnswerT:
    """Answers a system contract from a module's store.

    Raises:
        KeyError: it is about a process, and not about a store.
        Exception: of the database.
    """
    return cast("AnswerT", await ANSWERS[type(asked)](sql, asked))


async def act(sql: Sql, wanted: Command[AnswerT], now: int) -> AnswerT:
    """Does what a system contract asks, inside a write transaction.

    Raises:
        KeyError: it is about a process, and not about a store.
        Exception: of the database.
    """
    return cast("AnswerT", await ACTS[type(wanted)](sql, wanted, now))
