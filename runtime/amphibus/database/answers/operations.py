"""The answers about operations on many dead letters, and the acts on them."""

from amphibus.database.acting import operations as rows
from amphibus.database.acting.conditions import narrowing
from amphibus.database.acting.dead import newest_dead
from amphibus.database.acting.operations import Operation, Outcomes
from amphibus.database.answers.acting import Acting
from amphibus.database.sql import Sql
from amphibus.errors import RequestFailed
from amphibus.messages.contracts.amphibus.acting import OperationFacts, OperationPage
from amphibus.messages.contracts.amphibus.v1 import (
    ListOperations,
    ResumeOperation,
    StartOperation,
    StopOperation,
)


async def operations(sql: Sql, asked: ListOperations) -> OperationPage:
    """Returns one operation, or the newest."""
    if asked.id is None:
        found = await rows.newest_operations(sql, limit=asked.limit)
    else:
        one = await rows.operation_of(sql, asked.id)
        found = [] if one is None else [one]
    outcomes = [await rows.outcomes_of(sql, each.id) if asked.outcomes else None for each in found]
    return OperationPage(operations=tuple(map(_facts, found, outcomes)))


async def start(sql: Sql, wanted: StartOperation, acting: Acting) -> OperationFacts:
    """Writes an operation down, which goes on by itself where its module runs. Asked again, it is the same one."""
    narrowing(wanted.where)
    made = Operation(
        id=wanted.id,
        kind=wanted.kind,
        state="running",
        conditions=rows.conditions_as_text(wanted.where),
        most=wanted.limit,
        per_second=wanted.per_second,
        who=wanted.by.who,
        reason=wanted.reason,
        began=acting.now,
        ended=None,
        upto=await newest_dead(sql),
        collected=0,
        total=0,
        done=0,
        skipped=0,
    )
    await rows.insert_operation(sql, made)
    return _facts(await _known(sql, wanted.id))


async def stop(sql: Sql, wanted: StopOperation, _acting: Acting) -> OperationFacts:
    """Lets an operation do nothing more; one that has ended stays so."""
    if (await _known(sql, wanted.id)).state == "running":
        await rows.set_state(sql, wanted.id, "stopped")
    return _facts(await _known(sql, wanted.id))


async def resume(sql: Sql, wanted: ResumeOperation, _acting: Acting) -> OperationFacts:
    """Lets an operation go on; one that has ended stays so."""
    if wanted.per_second is not None:
        await rows.set_rate(sql, wanted.id, wanted.per_second)
    if (await _known(sql, wanted.id)).state == "stopped":
        await rows.set_state(sql, wanted.id, "running")
    return _facts(await _known(sql, wanted.id))


async def _known(sql: Sql, identity: str) -> Operation:
    found = await rows.operation_of(sql, identity)
    if found is None:
        raise RequestFailed(
            f"no operation {identity}",
            "this module has none of that id; the oldest are forgotten",
            "amphibus operations list",
        )
    return found


def _facts(operation: Operation, outcomes: Outcomes | None = None) -> OperationFacts:
    return OperationFacts(
        id=operation.id,
        kind=operation.kind,
        state=operation.state,
        conditions=operation.where,
        limit=operation.most,
        per_second=operation.per_second,
        who=operation.who,
        reason=operation.reason,
        began=operation.began,
        ended=operation.ended,
        collecting=operation.collecting,
        total=operation.total,
        done=operation.done,
        skipped=operation.skipped,
        again=None if outcomes is None else outcomes.again,
        waiting=None if outcomes is None else outcomes.waiting,
    )
