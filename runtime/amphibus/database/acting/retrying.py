"""Puts dead letters back to work, or gives them up, some in one transaction; whoever acts on them does it here."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from amphibus.database.acting.dead import Letter, Sent, WholeLetter, take_dead
from amphibus.database.delayed import Revived, keys_ahead, release_next, store_revived
from amphibus.database.inbox import (
    HandledMessage,
    handled_beyond,
    inbox_row,
    insert_inbox,
    number_before,
)
from amphibus.database.sql import Sql
from amphibus.database.write_set import Row
from amphibus.messages.contracts.amphibus.acting import LetterRetried

PartitionOf = Callable[[str | None, str], int]
"""The partition of a message, by its key and id."""
_PAGE: Final = 1_000
_OVERLAP: Final = 200
"""Rows that are read again: another instance may have committed one late, under a number that had passed."""


class Overtaken:
    """Knows whether messages that were sent after a letter, with its key, were handled since it died.

    The inbox may be long: it is read once, in pages, beside the module; then only what was added since.
    """

    def __init__(self, letters: Iterable[Sent]) -> None:
        found = list(letters)
        self._newest: dict[tuple[str, str | None], int | None] = {
            (each.source, each.key): None for each in found if each.key is not None
        }
        self._since = min((each.died for each in found), default=0)
        self._read: int | None = None

    async def look(self, sql: Sql) -> None:
        """Takes in what was handled since the last look."""
        if not self._newest:
            return
        if self._read is None:
            self._read = await number_before(sql, self._since)
        number = self._read - _OVERLAP
        while page := await handled_beyond(sql, number, limit=_PAGE):
            for each in page:
                self._take_in(each)
            self._read = number = page[-1].seq
            await asyncio.sleep(0)

    def _take_in(self, handled: HandledMessage) -> None:
        whose = handled.source, handled.key
        if whose in self._newest and handled.handled >= self._since:
            known = self._newest[whose]
            self._newest[whose] = handled.time if known is None else max(handled.time, known)

    def __call__(self, source: str, key: str | None, time: int) -> bool:
        """Returns whether a message is late."""
        newest = self._newest.get((source, key))
        return newest is not None and newest > time


async def retry(
    sql: Sql, letters: Sequence[Letter], overtaken: Overtaken, partition_of: PartitionOf, now: int
) -> list[LetterRetried]:
    """Delays letters again with all their attempts, due now, those of one key one after the other.

    One that has left the dead letters meanwhile is passed over.
    """
    taken = await take_dead(sql, letters)
    if not taken:
        return []
    await overtaken.look(sql)
    ahead = await keys_ahead(sql, (each.message.ordering_key for each in taken))
    done: list[LetterRetried] = []
    revived: list[Revived] = []
    for each in taken:
        message, waits = each.message, each.message.ordering_key in ahead
        late = waits and ahead[message.ordering_key] > message.time
        late = late or overtaken(message.source, message.key, message.time)
        ahead.setdefault(message.ordering_key, message.time)
        done.append(LetterRetried(seq=each.seq, late=late, waits=waits))
        revived.append(
            Revived(
                replace(message, late=late),
                each.received,
                None if waits else now,
                each.error,
                partition_of(message.key, message.id),
            )
        )
    await store_revived(sql, revived)
    return done


async def discard(sql: Sql, letters: Sequence[Letter], now: int) -> list[WholeLetter]:
    """Gives letters up: each leaves an inbox row, so that it is never handled. What one held back goes on.

    One that has left the dead letters meanwhile is passed over.
    """
    taken = await take_dead(sql, letters)
    await insert_inbox(sql, [_given_up(each, now) for each in taken])
    for each in taken:
        if each.blocks:
            await release_next(sql, each.message.ordering_key, now)
    return taken


def _given_up(letter: WholeLetter, now: int) -> Row:
    return inbox_row(
        letter.message,
        received=letter.received,
        handled=now,
        attempts=letter.attempts,
        outcome="discarded",
        keeps_body=False,  # nobody wants it any more, and it may hold what is needed once
    )
