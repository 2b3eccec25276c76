"""Finds, retries, corrects and discards the dead letters of all modules."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from amphibus.admin.acting import act_at_rest
from amphibus.admin.stores import Stores
from amphibus.admin.views import View, Views, at_rest
from amphibus.database.acting.dead import LetterPlace
from amphibus.messages.contracts.amphibus.acting import Condition, LetterName
from amphibus.messages.contracts.amphibus.answers import DeadLetterContent, DeadLetterFacts
from amphibus.messages.contracts.amphibus.v1 import (
    MOST_ROWS,
    DiscardDead,
    EditDead,
    ListDead,
    RetryDead,
    ShowDead,
)

Item = TypeVar("Item")
BATCH: Final = 200
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
    where: Sequence[Condition] = (),
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
                asked = ListDead(ids=tuple(some), type=contract, where=tuple(where), limit=1)
                letters = await _of_module(view, asked, _start(name, after), limit)
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
        by_number = {each.seq: each for each in group}
        for batch in _batches(in_order(group)):
            said = await act_at_rest(stores[module], RetryDead(letters=names_of(batch)))
            done += [Retried(by_number[each.seq], each.late, each.waits) for each in said.letters]
    return done


async def discard(stores: Stores, letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Gives letters up: each leaves an inbox row, so that it is never handled.

    What waited behind one that blocked its key goes on.
    """
    done: list[DeadLetter] = []
    for module, group in _by_module(letters).items():
        for batch in _batches(group):
            said = await act_at_rest(stores[module], DiscardDead(letters=names_of(batch)))
            done += [letter for letter in batch if letter.seq in said.seqs]
    return done


async def edit(stores: Stores, letter: DeadLetter, body: bytes) -> bool:
    """Replaces a letter's payload; False if it has left the dead letters meanwhile."""
    wanted = EditDead(letter=name_of(letter), body=base64.b64encode(body))
    return (await act_at_rest(stores[letter.module], wanted)).found


def in_order(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Returns letters in the order in which they were sent."""
    return sorted(letters, key=lambda each: (each.time, each.seq))


def names_of(letters: Iterable[DeadLetter]) -> tuple[LetterName, ...]:
    """Returns letters as acts name them."""
    return tuple(map(name_of, letters))


def name_of(letter: DeadLetter) -> LetterName:
    """Returns a letter as acts name it."""
    return LetterName(seq=letter.seq, id=letter.id)


def _by_module(letters: Iterable[DeadLetter]) -> dict[str, list[DeadLetter]]:
    groups: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        groups.setdefault(letter.module, []).append(letter)
    return groups


def _batches(items: Sequence[Item], most: int = BATCH) -> Iterator[Sequence[Item]]:
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
    view: View, asked: ListDead, place: LetterPlace, limit: int | None
) -> list[DeadLetterFacts]:
    found: list[DeadLetterFacts] = []
    while limit is None or len(found) < limit:
        rows = BATCH if limit is None else min(BATCH, limit - len(found))
        page_at = {"after_died": place.died, "after_id": place.id, "limit": rows}
        page = (await view.ask(asked.model_copy(update=page_at))).letters
        found += page
        if len(page) < rows:
            break
        place = LetterPlace(page[-1].died, page[-1].id)
    return found
