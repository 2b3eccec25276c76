"""The answer about the audit, and what is noted there of each act."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from amphibus.contract import Command, Value
from amphibus.database.acting import audit
from amphibus.database.acting.audit import Act, Entry, by, note_act
from amphibus.database.answers.acting import Acting
from amphibus.database.facts import audit_head
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus import v1
from amphibus.messages.contracts.amphibus.acting import AuditEntry, AuditPage, SendingNoted
from amphibus.messages.contracts.amphibus.v1 import ListAudit

_SOME: Final = 3
_NEWEST: Final = 1 << 62


async def entries(sql: Sql, asked: ListAudit) -> AuditPage:
    """Returns a page of the audit."""
    if asked.before is None:
        found = await audit.entries_beyond(sql, asked.beyond, limit=asked.limit)
    else:
        found = await audit.entries_before(sql, min(asked.before, _NEWEST), limit=asked.limit)
    last, last_hash = await audit_head(sql)
    return AuditPage(entries=tuple(map(_facts, found)), last=last, last_hash=last_hash)


async def note(sql: Sql, wanted: Command[Any], said: Value | None, now: int) -> None:
    """Adds an act to the audit, in its own transaction; `said` is what it came to."""
    act = act_of(wanted, said, now)
    await note_act(sql, act)


async def sending(_sql: Sql, wanted: v1.NoteSending, _acting: Acting) -> SendingNoted:
    """Does nothing beside what `note` does."""
    return SendingNoted(type=wanted.type)


def act_of(wanted: Any, said: Any, now: int) -> Act:
    """Returns what is noted of an act."""
    object_ = _OBJECTS[type(wanted)](wanted)
    count = _COUNTS.get(type(wanted), _one)(said)
    what, reason = type(wanted).__name__, getattr(wanted, "reason", "")
    return by(wanted.by, now, what, object_, reason, count)


def _one(_said: Any) -> int:
    return 1


def _module_or_type(wanted: Any) -> str:
    return f"type {wanted.type}" if wanted.type else "module"


def _type(wanted: Any) -> str:
    return f"type {wanted.type}"


def _schedule(wanted: Any) -> str:
    return f"schedule {wanted.schedule}"


def _process(wanted: Any) -> str:
    return f"process {wanted.process} {wanted.key}"


def _letter(wanted: Any) -> str:
    return f"dead letter {wanted.letter.id}"


def _letters(wanted: Any) -> str:
    return f"dead letters {_first([each.id for each in wanted.letters])}"


def _first(ids: Sequence[str]) -> str:
    more = len(ids) - _SOME
    return ", ".join(ids[:_SOME]) + (f" and {more} more" if more > 0 else "")


def _operation(wanted: Any) -> str:
    return f"operation {wanted.id}"


def _message(wanted: v1.NoteSending) -> str:
    return f"{wanted.type} {wanted.message}"


def _passed(wanted: v1.RevealPassed) -> str:
    return f"messages that passed {_first(wanted.ids)}"


def _start(wanted: v1.StartOperation) -> str:
    where = " and ".join(f"{each.field}{each.comparison}{each.value}" for each in wanted.where)
    return f"operation {wanted.id}: {wanted.kind} {where or 'all dead letters'}"


def _person(wanted: v1.ErasePerson) -> str:
    """The one who is erased, by the name that is left."""
    return f"person {wanted.replacement}, {'named' if wanted.named else 'not named'}"


_OBJECTS: Final[Mapping[type[Command[Any]], Callable[[Any], str]]] = {
    v1.PauseModule: _module_or_type,
    v1.ResumeModule: _module_or_type,
    v1.SetLimit: _type,
    v1.UnsetLimit: _type,
    v1.PauseSchedule: _schedule,
    v1.ResumeSchedule: _schedule,
    v1.RunSchedule: _schedule,
    v1.ExpireProcess: _process,
    v1.CancelProcess: _process,
    v1.RevealDead: _letter,
    v1.RevealPassed: _passed,
    v1.EditDead: _letter,
    v1.NoteSending: _message,
    v1.RetryDead: _letters,
    v1.DiscardDead: _letters,
    v1.StartOperation: _start,
    v1.StopOperation: _operation,
    v1.ResumeOperation: _operation,
    v1.TracePerson: lambda _wanted: "a person",
    v1.ErasePerson: _person,
}
_COUNTS: Final[Mapping[type[Command[Any]], Callable[[Any], int]]] = {
    v1.ExpireProcess: lambda said: len(said.names),
    v1.RevealPassed: lambda said: len(said.payloads),
    v1.EditDead: lambda said: int(said.changed),
    v1.RetryDead: lambda said: len(said.letters),
    v1.DiscardDead: lambda said: len(said.seqs),
}


def _facts(entry: Entry) -> AuditEntry:
    act = entry.act._asdict()
    return AuditEntry(number=entry.number, hash=entry.hash, count=act.pop("times"), **act)
