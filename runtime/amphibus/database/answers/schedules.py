"""The answers about schedules, and the acts on them."""

from amphibus.database.answers.acting import Acting
from amphibus.database.sql import Sql
from amphibus.database.steering import schedules
from amphibus.messages.contracts.amphibus.schedule_answers import ModuleSchedules, ScheduleStanding
from amphibus.messages.contracts.amphibus.v1 import (
    ListSchedules,
    PauseSchedule,
    ResumeSchedule,
    RunSchedule,
)


async def standing(sql: Sql, _asked: ListSchedules) -> ModuleSchedules:
    """Returns where the schedules stand."""
    return await _all(sql)


async def paused(sql: Sql, wanted: PauseSchedule, acting: Acting) -> ModuleSchedules:
    """Pauses a schedule; returns where all of them stand."""
    await schedules.pause_schedule(sql, wanted.schedule, acting.now, wanted.reason)
    return await _all(sql)


async def resumed(sql: Sql, wanted: ResumeSchedule, _acting: Acting) -> ModuleSchedules:
    """Lets a schedule go on; returns where all of them stand."""
    await schedules.resume_schedule(sql, wanted.schedule)
    return await _all(sql)


async def asked_for(sql: Sql, wanted: RunSchedule, acting: Acting) -> ModuleSchedules:
    """Asks for a command of a schedule by hand; returns where all of them stand."""
    await schedules.ask_for_one(sql, wanted.schedule, acting.now)
    return await _all(sql)


async def _all(sql: Sql) -> ModuleSchedules:
    found = []
    for each in await schedules.schedules(sql):
        known = each._asdict()
        del known["plan"]
        found.append(ScheduleStanding(**known))
    return ModuleSchedules(schedules=tuple(found))
