"""The answers about what is paused, and the acts that change it."""

from amphibus.clock import SECOND
from amphibus.database.answers.acting import Acting
from amphibus.database.sql import Sql
from amphibus.database.steering import pauses
from amphibus.messages.contracts.amphibus.answers import ModulePauses, PausedType
from amphibus.messages.contracts.amphibus.v1 import ListPauses, PauseModule, ResumeModule


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


async def _pauses(sql: Sql, now: int) -> ModulePauses:
    found = [PausedType(**each._asdict()) for each in await pauses.pauses(sql, now)]
    return ModulePauses(paused=tuple(found))
