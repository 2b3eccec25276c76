"""Finds what a store keeps of a person, a page at a time, and replaces what is personal in it.

What does not name the person is found by the flow and the key of what does. So it goes first, in all modules: should
the work be broken off, the names that are left still lead to it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from amphibus.contract import Message
from amphibus.database.persons.bodies import Payload, Sought, replaced, without_texts
from amphibus.database.persons.notes import erase_notes
from amphibus.database.persons.places import (
    ACCEPTED,
    NOTES,
    OF_MESSAGES,
    AcceptedRow,
    Kept,
    accepted_rows,
    messages_of,
)
from amphibus.database.persons.principals import told_by, without_principal
from amphibus.database.persons.rows import declared_at, erase_rows, place_of
from amphibus.database.sql import Sql
from amphibus.module import PersonalRows

Flows = Collection[tuple[str, str]]
_UPDATES: Final = {
    place: f"UPDATE amphibus_{place} SET key = ?, extra = ?, body = ? WHERE {where}"
    for place, where in (
        ("outbox", "seq = ?"),
        ("inbox", "seq = ?"),
        ("dead", "seq = ?"),
    )
}


class Declared(Protocol):
    """The declarations of personal data, by contracts and a front page."""

    @property
    def contract_of(self) -> Callable[[str], type[Message] | None]:
        """Returns the contract of a type."""
        ...

    @property
    def personal(self) -> tuple[PersonalRows, ...]:
        """The tables of the module that have personal data."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that concerns a person: it names that one, was sent for that one, or belongs to what does."""

    kept: Kept
    payload: Payload
    named: bool
    belongs: bool

    @property
    def found_by_name(self) -> bool:
        """Returns whether all of it is found without knowing its flow."""
        return self.named or not self.belongs


def places(declared: Declared) -> tuple[str, ...]:
    """Returns all places of a store where a person may stand, in the order in which they are searched."""
    return (*OF_MESSAGES, ACCEPTED, NOTES, *map(place_of, declared.personal))


def hit_of(kept: Kept, person: Sought, flows: Flows, declared: Declared) -> Hit | None:
    """Returns what a message has to do with a person, or None."""
    payload = Payload(kept.body or b"", declared.contract_of(kept.type))
    named = kept.body is not None and payload.names(person)
    by_person = person.subject in told_by(kept.extra) or kept.key == person.subject
    belongs = (kept.flow, kept.key or "") in flows and any(True for _ in payload.values())
    return Hit(kept, payload, named, belongs) if named or by_person or belongs else None


async def hits_at(
    sql: Sql, place: str, beyond: int, person: Sought, flows: Flows, declared: Declared
) -> tuple[list[Hit], int | None]:
    """Returns what concerns a person on a page, and where the next page begins; None if there is none."""
    page, goes_on = await messages_of(sql, place, beyond)
    found = [hit_of(each, person, flows, declared) for each in page]
    return [each for each in found if each is not None], goes_on


async def erase_messages(
    sql: Sql, place: str, hits: Sequence[Hit], person: Sought, declared: Declared
) -> int:
    """Replaces what is personal in messages that are done; returns in how many there was any."""
    count = 0
    for hit in hits:
        count += await _erase_message(sql, place, hit, person, declared)
    return count


async def _erase_message(
    sql: Sql, place: str, hit: Hit, person: Sought, declared: Declared
) -> bool:
    kept = hit.kept
    key = str(replaced(kept.key, person)) if kept.key == person.subject else kept.key
    extra = without_principal(kept.extra, person)
    concerns = kept.body is not None and (hit.named or hit.belongs)
    body = hit.payload.without(person) if concerns else kept.body
    changed = (key, extra, body) != (kept.key, kept.extra, kept.body)
    if changed:
        await sql.run(_UPDATES[place], key, extra, body, kept.seq)
    if place == "dead":
        await _erase_failure(sql, kept, person)
    if kept.answer:
        changed |= await _erase_answer(sql, kept, person, declared)
    return changed


async def _erase_answer(sql: Sql, kept: Kept, person: Sought, declared: Declared) -> bool:
    contract = declared.contract_of(kept.type)
    answer = Payload(kept.answer or b"", None if contract is None else contract.answer_type())
    after = answer.without(person)
    if after == kept.answer:
        return False
    await sql.run("UPDATE amphibus_inbox SET answer = ? WHERE seq = ?", after, kept.seq)
    return True


async def _erase_failure(sql: Sql, kept: Kept, person: Sought) -> None:
    """Takes the person out of what was said of a dead letter, and of the key that it waits by."""
    row = await sql.row(
        "SELECT ordering_key, error, traceback FROM amphibus_dead WHERE seq = ?", kept.seq
    )
    if row is None:
        return
    after = [_cut(text, person) for text in row]
    if after != [*row]:
        await sql.run(
            "UPDATE amphibus_dead SET ordering_key = ?, error = ?, traceback = ? WHERE seq = ?",
            *after,
            kept.seq,
        )


async def erase_accepted(sql: Sql, page: Sequence[AcceptedRow], person: Sought) -> int:
    """Takes the person out of what the gateway answered; returns out of how many answers."""
    count = 0
    for each in page:
        after = AcceptedRow(
            without_texts(each.identity, person.texts, person),
            None if each.location is None else without_texts(each.location, person.texts, person),
            None if each.answer is None else Payload(each.answer, None).without(person),
        )
        if after != each:
            count += 1
            await sql.run(
                "UPDATE amphibus_accepted SET identity = ?, location = ?, answer = ? WHERE identity = ?",
                *after,
                each.identity,
            )
    return count


async def erase_at(
    sql: Sql,
    place: str,
    beyond: int,
    person: Sought,
    flows: Flows,
    under_way: Collection[str],
    declared: Declared,
    *,
    named: bool,
) -> tuple[int, int, int | None]:
    """Replaces what is personal on one page; returns the messages, the rows, and where the next page begins."""
    if place in OF_MESSAGES:
        hits, goes_on = await hits_at(sql, place, beyond, person, flows, declared)
        ready = [
            each
            for each in hits
            if each.found_by_name == named and is_done(each.kept, under_way) and place in _UPDATES
        ]
        return await erase_messages(sql, place, ready, person, declared), 0, goes_on
    if not named:
        return 0, 0, None
    if place == ACCEPTED:
        page, goes_on = await accepted_rows(sql, beyond)
        return await erase_accepted(sql, page, person), 0, goes_on
    if place == NOTES:
        return await erase_notes(sql, person), 0, None
    return 0, await erase_rows(sql, declared_at(place, declared.personal), person, under_way), None


def is_done(kept: Kept, under_way: Collection[str]) -> bool:
    """Returns whether nothing waits for a message any more."""
    return not (kept.under_way or kept.flow in under_way or (kept.key or "") in under_way)


def _cut(text: str, person: Sought) -> str:
    for each in sorted(person.texts, key=len, reverse=True):
        text = text.replace(each, str(replaced(each, person)))
    return text
