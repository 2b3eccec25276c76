"""Finds, retries, corrects and discards the dead letters of all modules."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeVar

from amphibus.admin.stores import Stores
from amphibus.admin.views import View, Views, at_rest
from amphibus.database.dead import LetterPlace, correct_dead, take_dead
from amphibus.database.delayed import key_ahead, release_next, store_delayed
from amphibus.database.inbox import inbox_row, insert_inbox, last_handled, newest_number
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.answers import DeadLetterContent, DeadLetterFacts
from amphibus.messages.contracts.amphibus.v1 import MOST_ROWS, ListDead, ShowDead
from amphibus.partitions.assignment import partition_of

Item = TypeVar("Item")
_AT_ONCE: Final = 200
"""Rows in one transaction: the module, which shares the file, waits no longer than those take."""


class DeadLetter(DeadLetterFacts):
    """A message that used up its retries, or that nobody could read; without its payload and its traceback."""

    module: str


@dataclass(frozen=True, slots=True)
class Retried:
    """A dead letter that is tried again."""

    letter: DeadLetter
    late: bool
    """Later messages of its key were handled, or wait before it."""
    waits: bool
    """Another message of its key is delayed: it comes after that."""


class DeadCursor(NamedTuple):
    """A place in the list of all dead letters: the order is that of its fields."""

    died: int
    module: str
    id: str


async def find(
    views: Views,
    *,
    ids: Sequence[str] = (),
    module: str | None = None,
    contract: str | None = None,
    after: DeadCursor | None = None,
    limit: int | None = None,
) -> list[DeadLetter]:
    """The dead letters that match all of what is given, oldest first; all where nothing is.

    `after` and `limit` make it a page of them.
    """
    found: list[DeadLetter] = []
    for name, view in views.items():
        if module in (None, name):
            for some in _batches(ids, MOST_ROWS) if ids else [()]:
                letters = await _of_module(view, some, contract, _start(name, after), limit)
                found += [DeadLetter(module=name, **dict(each)) for each in letters]
    return sorted(found, key=lambda each: (each.died, each.module))[:limit]


async def found_at_rest(stores: Stores, **narrowed: Any) -> list[DeadLetter]:
    """The dead letters that `find` finds in stores that are read, whoever works with them."""
    async with at_rest(stores) as views:
        return await find(views, **narrowed)


async def content(views: Views, letter: DeadLetter) -> DeadLetterContent:
    """Returns the traceback and the payload of a letter."""
    return await views[letter.module].ask(ShowDead(seq=letter.seq, id=letter.id))


async def retry(stores: Stores, letters: Iterable[DeadLetter]) -> list[Retried]:
    """Delays letters again with all their attempts, due now, some in each transaction.

    One that has left the dead letters meanwhile is passed over.
    """
    done: list[Retried] = []
    for module, group in _by_module(letters).items():
        store, overtaken = stores[module], _Overtaken(group)
        async with store.reading() as sql:
            await overtaken.look(sql)
        for batch in _batches(sorted(group, key=lambda each: (each.time, each.seq))):
            async with store.writing() as sql:
                await overtaken.look(sql)
                now = await store.now(sql)
                for each in batch:
                    placed = await _place(sql, each, late=overtaken(each))
                    revived = await _revive(sql, placed, store.partitions, now)
                    done += [] if revived is None else [revived]
    return done


async def retry_preview(stores: Stores, letters: Iterable[DeadLetter]) -> list[Retried]:
    """Returns what `retry` would do, changing nothing."""
    done: list[Retried] = []
    for module, group in _by_module(letters).items():
        overtaken = _Overtaken(group)
        async with stores[module].reading() as sql:
            await overtaken.look(sql)
            done += [await _place(sql, each, late=overtaken(each)) for each in group]
    return done


async def discard(stores: Stores, letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Gives letters up: each leaves an inbox row, so that it is never handled.

    What waited behind one that blocked its key goes on.
    """
    done: list[DeadLetter] = []
    for module, group in _by_module(letters).items():
        for batch in _batches(group):
            async with stores[module].writing() as sql:
                now = await stores[module].now(sql)
                done += [letter for letter in batch if await _give_up(sql, letter, now)]
    return done


async def edit(stores: Stores, letter: DeadLetter, body: bytes) -> bool:
    """Replaces a letter's payload; False if it has left the dead letters meanwhile."""
    async with stores[letter.module].writing() as sql:
        return await correct_dead(sql, letter, body)


def _by_module(letters: Iterable[DeadLetter]) -> dict[str, list[DeadLetter]]:
    groups: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        groups.setdefault(letter.module, []).append(letter)
    return groups


def _batches(items: Sequence[Item], most: int = _AT_ONCE) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]


def _start(module: str, after: DeadCursor | None) -> LetterPlace:
    """The place from which a module's letters go on, after a place in the list of all."""
    if after is None:
        return LetterPlace(-1, "")
    if module == after.module:
        return LetterPlace(after.died, after.id)
    return LetterPlace(after.died + (module < after.module), "")


async def _of_module(
    view: View, ids: Sequence[str], contract: str | None, place: LetterPlace, limit: int | None
) -> list[DeadLetterFacts]:
    found: list[DeadLetterFacts] = []
    while limit is None or len(found) < limit:
        rows = _AT_ONCE if limit is None else min(_AT_ONCE, limit - len(found))
        asked = ListDead(
            ids=tuple(ids), type=contract, after_died=place.died, after_id=place.id, limit=rows
        )
        page = (await view.ask(asked)).letters
        found += page
        if len(page) < rows:
            break
        place = LetterPlace(page[-1].died, page[-1].id)
    return found


class _Overtaken:
    """Returns whether later messages of a letter's key were handled, without a long look in a transaction.

    The inbox may be long: all of it is read once, beside the module; in each transaction only what
    was added since.
    """

    def __init__(self, letters: Sequence[DeadLetter]) -> None:
        self._keys = sorted({each.key for each in letters if each.key is not None})
        self._died = min(each.died for each in letters)
        self._seen = 0
        self._handled: dict[tuple[str, str], int] = {}

    async def look(self, sql: Sql) -> None:
        """Takes in what was handled since the last look."""
        newest = await newest_number(sql)
        for start in range(0, len(self._keys), _AT_ONCE):
            keys = self._keys[start : start + _AT_ONCE]
            for last in await last_handled(sql, keys, beyond=self._seen, since=self._died):
                self._handled[last.source, last.key] = last.handled
        self._seen = newest

    def __call__(self, letter: DeadLetter) -> bool:
        return self._handled.get((letter.source, letter.key or ""), -1) >= letter.died


async def _place(sql: Sql, letter: DeadLetter, *, late: bool) -> Retried:
    """Returns the letter's place among the messages of its ordering key now."""
    ahead = await key_ahead(sql, letter.ordering_key, sent=letter.time)
    return Retried(letter, late=late or ahead.later, waits=ahead.any)


async def _revive(sql: Sql, placed: Retried, partitions: int, now: int) -> Retried | None:
    letter = placed.letter
    message = await take_dead(sql, letter)
    if message is None:
        return None
    await store_delayed(
        sql,
        replace(message, late=placed.late),
        received=letter.received,
        attempts=0,
        tries=0,
        due=None if placed.waits else now,
        error=letter.error,
        partition=partition_of(letter.key, letter.id, partitions),
    )
    return placed


async def _give_up(sql: Sql, letter: DeadLetter, now: int) -> bool:
    message = await take_dead(sql, letter)
    if message is None:
        return False
    row = inbox_row(
        message,
        received=letter.received,
        handled=now,
        attempts=letter.attempts,
        outcome="discarded",
    )
    await insert_inbox(sql, row)
    if letter.blocks:
        await release_next(sql, letter.ordering_key, now)
    return True
