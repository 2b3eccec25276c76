"""The table of what a store can answer by itself, and of what can be done to it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar, cast

from amphibus.contract import Command, Query, Value
from amphibus.database.answers import (
    audit,
    backlog,
    letters,
    operations,
    persons,
    processes,
    schedules,
    settings,
    steering,
    story,
)
from amphibus.database.answers.acting import Acting
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus import v1

AnswerT = TypeVar("AnswerT", bound=Value)
FromStore = Callable[[Sql, Any], Awaitable[Value]]
InPlace = Callable[[Sql, Any, Acting], Awaitable[Value]]
"""Takes the place and the time too."""

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
    v1.GroupDead: letters.groups,
    v1.ListPauses: steering.paused,
    v1.ListLimits: steering.limited,
    v1.TellSettings: settings.in_force,
    v1.ListSchedules: schedules.standing,
    v1.ListProcesses: processes.standing,
    v1.CountProcesses: processes.counted,
    v1.ListSteps: processes.steps,
    v1.ListOperations: operations.operations,
    v1.ListAudit: audit.entries,
}
IN_PLACE: Final[Mapping[type[Query[Any]], InPlace]] = {v1.ShowDead: letters.dead_letter}
ACTS: Final[Mapping[type[Command[Any]], InPlace]] = {
    v1.PauseModule: steering.pause,
    v1.ResumeModule: steering.resume,
    v1.SetLimit: steering.limit,
    v1.UnsetLimit: steering.unlimit,
    v1.PauseSchedule: schedules.paused,
    v1.ResumeSchedule: schedules.resumed,
    v1.RunSchedule: schedules.asked_for,
    v1.ExpireProcess: processes.expired,
    v1.RevealDead: letters.reveal,
    v1.NoteSending: audit.sending,
    v1.RetryDead: letters.retry,
    v1.DiscardDead: letters.discard,
    v1.EditDead: letters.edit,
    v1.StartOperation: operations.start,
    v1.StopOperation: operations.stop,
    v1.ResumeOperation: operations.resume,
    v1.TracePerson: persons.trace,
    v1.ErasePerson: persons.erase,
}


def is_answered(contract: type[Any]) -> bool:
    """Returns whether a store answers a contract by itself."""
    return contract in ANSWERS or contract in IN_PLACE


async def answer(sql: Sql, asked: Query[AnswerT], acting: Acting) -> AnswerT:
    """Answers a system contract from a module's store.

    Raises:
        KeyError: it is about a process, and not about a store.
        RequestFailed: it asks for what cannot be asked.
        Exception: of the database.
    """
    if type(asked) in IN_PLACE:
        return cast("AnswerT", await IN_PLACE[type(asked)](sql, asked, acting))
    return cast("AnswerT", await ANSWERS[type(asked)](sql, asked))


async def act(sql: Sql, wanted: Command[AnswerT], acting: Acting) -> AnswerT:
    """Does what a system contract asks, inside a write transaction, and notes it in the audit.

    Raises:
        KeyError: it is about a process, and not about a store.
        RequestFailed: there is nothing that it could be done to.
        Exception: of the database.
    """
    said = cast("AnswerT", await ACTS[type(wanted)](sql, wanted, acting))
    if not getattr(wanted, "place", ""):  # what goes on with an act is noted with its beginning
        await audit.note(sql, wanted, said, acting.now)
    return said
