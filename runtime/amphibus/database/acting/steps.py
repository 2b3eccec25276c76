"""One step of an operation, in one transaction: what it did and what it has noted of it are durable together."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from amphibus.database.acting import operations
from amphibus.database.acting.act_names import END_OPERATION
from amphibus.database.acting.audit import Act, note_act
from amphibus.database.acting.conditions import narrowing
from amphibus.database.acting.dead import FoundLetter, Sent, dead_in_window
from amphibus.database.acting.operations import Operation
from amphibus.database.acting.retrying import Overtaken, PartitionOf, discard, retry
from amphibus.database.sql import Sql
from amphibus.failpoints import failpoint

AT_ONCE: Final = 200
"""Letters in one transaction: what else the module writes waits no longer than those take."""
_LOOKED_AT: Final = 2_000


class Step(NamedTuple):
    """The result of one step."""

    letters: int
    """The letters that it came to."""
    ended: bool
    """The operation has ended, was stopped, or is not there."""


async def step(
    sql: Sql,
    identity: str,
    *,
    most: int,
    overtaken: Overtaken,
    partition_of: PartitionOf,
    now: int,
) -> Step:
    """Goes on with an operation: looks for its letters, or acts on the next of them."""
    operation = await operations.operation_of(sql, identity)
    if operation is None or operation.state != "running":
        return Step(0, ended=True)
    if operation.collecting:
        await _collect(sql, operation)
        return Step(0, ended=False)
    letters = await operations.letters_left(sql, identity, limit=most)
    done = await _act(sql, operation, letters, overtaken, partition_of, now)
    skipped = [each.seq for each in letters if each.seq not in done]
    await operations.mark_letters(sql, identity, done=sorted(done), skipped=skipped)
    failpoint("operation.step")
    ended = operation.done + operation.skipped + len(letters) >= operation.total
    if ended:
        await operations.set_state(sql, identity, "done", now)
        await note_act(sql, _end_of(operation, len(done), now))
    return Step(len(letters), ended)


async def overtaken_of(sql: Sql, operation: Operation) -> Overtaken:
    """Returns what knows which of the letters that are left are late; it has looked at the inbox once."""
    if operation.kind != "retry":
        return Overtaken(())
    letters = await operations.letters_left(sql, operation.id, limit=operation.total)
    found = Overtaken(Sent(each.source, each.key, each.time, each.died) for each in letters)
    await found.look(sql)
    return found


async def _collect(sql: Sql, operation: Operation) -> None:
    """Takes in some more of the letters that there were when it began; what died since has a later number."""
    letters, last = await dead_in_window(
        sql,
        narrowing(operation.where),
        beyond=operation.collected,
        upto=operation.upto,
        limit=_LOOKED_AT,
    )
    if operation.most is not None and operation.total + len(letters) >= operation.most:
        letters, last = letters[: operation.most - operation.total], operation.upto
    await operations.add_letters(sql, operation, letters, last)


async def _act(
    sql: Sql,
    operation: Operation,
    letters: Sequence[FoundLetter],
    overtaken: Overtaken,
    partition_of: PartitionOf,
    now: int,
) -> set[int]:
    """Returns the numbers of those that were still dead letters."""
    if not letters:
        return set()
    if operation.kind == "discard":
        return {each.seq for each in await discard(sql, letters, now)}
    return {each.seq for each in await retry(sql, letters, overtaken, partition_of, now)}


def _end_of(operation: Operation, done: int, now: int) -> Act:
    object_ = f"operation {operation.id}: {operation.kind}"
    return Act(
        now, operation.who, None, END_OPERATION, object_, operation.reason, operation.done + done
    )
