"""The answers about what is paused and limited, and the acts that change it."""

from amphibus.clock import SECOND
from amphibus.database.answers.acting import Acting
from amphibus.database.sql import Sql
from amphibus.database.steering import limits, pauses
from amphibus.messages.contracts.amphibus.answers import ModulePauses, PausedType
from amphibus.messages.contracts.amphibus.limits import LimitedType, ModuleLimits
from amphibus.messages.contracts.amphibus.v1 import (
    ListLimits,
    ListPauses,
    PauseModule,
    ResumeModule,
    SetLimit,
    UnsetLimit,
)


async def paused(sql: Sql, asked: ListPauses) -> ModulePauses:
    """Returns what the module does not handle at that time."""
    return await _pauses(sql, asked.now)


async def pause(sql: Sql, wanted: PauseModule, acting: Acting) -> ModulePauses:
    """Pauses a module, or one type of message to it; returns what is paused from now on."""
    until = None if wanted.seconds is None else acting.now + int(wanted.seconds * SECOND)
    await pauses.pause(sql, pauses.Pause(wanted.type, acting.now, until, wanted.reason))
    return await _pauses(sql, acting.now)


async def resume(sql: Sql, wanted: ResumeModule, acting: Acting) -> ModulePauses:
    """Lets a module go on, or one type of message to it; returns what stays paused."""
    await pauses.resume(sql, wanted.type)
    if wanted.type != pauses.WHOLE_MODULE:
        await pauses.let_go(sql, wanted.type, acting.now)
    return await _pauses(sql, acting.now)


async def limited(sql: Sql, asked: ListLimits) -> ModuleLimits:
    """Returns what operators have limited at that time."""
    return await _limits(sql, asked.now)


async def limit(sql: Sql, wanted: SetLimit, acting: Acting) -> ModuleLimits:
    """Limits a type of message to a module; returns what is limited from now on."""
    now = acting.now
    until = None if wanted.seconds is None else now + int(wanted.seconds * SECOND)
    given = limits.LimitSet(wanted.type, now, until, wanted.at_most, wanted.rate, wanted.reason)
    await limits.set_limit(sql, given)
    return await _limits(sql, now)


async def unlimit(sql: Sql, wanted: UnsetLimit, acting: Acting) -> ModuleLimits:
    """Takes back what was set for a type; returns what stays limited."""
    await limits.unset_limit(sql, wanted.type)
    return await _limits(sql, acting.now)


async def _limits(sql: Sql, now: int) -> ModuleLimits:
    found = [LimitedType(**each._asdict()) for each in await limits.limits_set(sql, now)]
    return ModuleLimits(limits=tuple(found))


async def _pauses(sql: Sql, now: int) -> ModulePauses:
    found = [PausedType(**each._asdict()) for each in await pauses.pauses(sql, now)]
    return ModulePauses(paused=tuple(found))
