"""The answers about persons: what a store keeps of one, and the acts that erase it."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from amphibus.database.answers.acting import Acting
from amphibus.database.persons.alone import stands_in
from amphibus.database.persons.bodies import Sought
from amphibus.database.persons.erasing import Hit, erase_at, hits_at, is_done, places
from amphibus.database.persons.places import (
    ACCEPTED,
    NOTES,
    OF_MESSAGES,
    accepted_rows,
    after,
    audited,
    keys_under_way,
)
from amphibus.database.persons.rows import declared_at, personal_rows
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.persons import PersonErased, PersonTraces, Trace
from amphibus.messages.contracts.amphibus.v1 import ErasePerson, TracePerson


async def trace(sql: Sql, wanted: TracePerson, acting: Acting) -> PersonTraces:
    """Returns a page of what a store keeps of a person."""
    person, order = Sought(wanted.subject), places(acting)
    place = wanted.place or order[0]
    found, goes_on = await _traced(sql, place, wanted, person, acting)
    if not wanted.place:
        found += await _processes(sql, wanted)
    if goes_on is None:
        return PersonTraces(traces=tuple(found), next_place=after(place, order))
    return PersonTraces(traces=tuple(found), next_place=place, next_beyond=goes_on)


async def erase(sql: Sql, wanted: ErasePerson, acting: Acting) -> PersonErased:
    """Replaces what is personal on one page of a store."""
    person = Sought(wanted.subject, frozenset(wanted.values), wanted.replacement)
    order = places(acting)
    place = wanted.place or order[0]
    messages, rows, goes_on = await erase_at(
        sql,
        place,
        wanted.beyond,
        person,
        frozenset(wanted.flows),
        frozenset(wanted.under_way),
        acting,
        named=wanted.named,
    )
    following = after(place, order) if goes_on is None else place
    return PersonErased(
        messages=messages, rows=rows, next_place=following, next_beyond=goes_on or 0
    )


async def _traced(
    sql: Sql, place: str, wanted: TracePerson, person: Sought, acting: Acting
) -> tuple[list[Trace], int | None]:
    if place in OF_MESSAGES:
        flows = frozenset(wanted.flows)
        hits, goes_on = await hits_at(sql, place, wanted.beyond, person, flows, acting)
        return [_of_message(place, each, person) for each in hits], goes_on
    if place == ACCEPTED:
        page, goes_on = await accepted_rows(sql, wanted.beyond)
        named = [each for each in page if _stands_in(each, person.subject)]
        return [_bare(place, each.identity) for each in named], goes_on
    if place == NOTES:
        return [_bare("audit", str(each)) for each in await audited(sql, person.subject)], None
    rows = await personal_rows(sql, declared_at(place, acting.personal), person)
    return [_row(place, each.key, each.values) for each in rows], None


async def _processes(sql: Sql, wanted: TracePerson) -> list[Trace]:
    keys = sorted({key for _, key in wanted.flows if key})
    return [
        _bare("process", process, key=key, under_way=True)
        for process, key in await keys_under_way(sql, keys)
    ]


def _of_message(place: str, hit: Hit, person: Sought) -> Trace:
    kept = hit.kept
    return Trace(
        place=place,
        id=kept.id,
        type=kept.type,
        flow=kept.flow,
        key=kept.key,
        named=hit.named,
        under_way=not is_done(kept, ()),
        personal=_values([*hit.payload.values(), *_telling(hit, person)]),
    )


def _telling(hit: Hit, person: Sought) -> list[tuple[str, Any]]:
    """The texts that tell the person, under no path."""
    return [("", each) for each in sorted(hit.payload.naming(person))] if hit.named else []


def _row(place: str, key: str, values: dict[str, Any]) -> Trace:
    told = _values([(name, value) for name, value in values.items() if value is not None])
    return _bare(place, key, key=key).model_copy(update={"personal": told})


def _bare(place: str, identity: str, *, key: str | None = None, under_way: bool = False) -> Trace:
    return Trace(
        place=place,
        id=identity,
        type="",
        flow="",
        key=key,
        named=True,
        under_way=under_way,
        personal=(),
    )


def _values(found: Collection[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (path, json.dumps(value, ensure_ascii=False, default=str)) for path, value in found
    )


def _stands_in(row: Sequence[Any], text: str) -> bool:
    said = (
        each.decode(errors="replace") if isinstance(each, bytes) else str(each)
        for each in row
        if each is not None
    )
    return any(stands_in(each, text) for each in said)
