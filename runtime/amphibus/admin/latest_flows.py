"""The list of flows: those that something was said or handled in last, a page at a time."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from amphibus.admin.stores import Stores
from amphibus.database.history import (
    Activity,
    MessageFacts,
    handled_before,
    last_activities,
    messages_in_flows,
    sent_before,
)
from amphibus.database.sql import Sql

_AT_ONCE: Final = 200
_NEWEST: Final = 1 << 62

FlowPlace = tuple[int, str]
"""A place in the list: when something was said or handled in the flow last, and its id."""
_TOP: Final[FlowPlace] = (_NEWEST, "")


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list of flows."""

    correlation: str
    began: int
    messages: int
    first: str


async def latest_flows(stores: Stores, limit: int, *, after: str | None = None) -> list[Summary]:
    """The flows that something was said or handled in last, newest first.

    Args:
        stores: where the modules keep what they know.
        limit: how many.
        after: the flow that the page before ended with.

    Raises:
        KeyError: there is no flow `after`.
    """
    async with AsyncExitStack() as opened:
        sqls = [await opened.enter_async_context(store.reading()) for store in stores.values()]
        top = _TOP if after is None else ((await _last(sqls, [after]))[after], after)
        return await _summaries(sqls, await _page(sqls, limit, top))


async def _page(sqls: Sequence[Sql], limit: int, top: FlowPlace) -> list[str]:
    """The flows behind a place, by the last that happened in each."""
    logs = [_Log(sql, read, top[0]) for sql in sqls for read in (handled_before, sent_before)]
    known: dict[str, FlowPlace] = {}
    while True:
        # No flow that is not known yet has a place before that of the log which was read the least far.
        unread = max((log.at for log in logs), default=-1)
        page = sorted((place for place in known.values() if place < top), reverse=True)[:limit]
        if unread < 0 or limit < 1 or (len(page) == limit and page[-1][0] > unread):
            return [correlation for _, correlation in page]
        log = max(logs, key=lambda each: each.at)
        fresh = [name for name in await log.more() if name not in known]
        known |= {name: (at, name) for name, at in (await _last(sqls, fresh)).items()}


class _Log:
    """An inbox or an outbox, read from the newest row back."""

    def __init__(
        self, sql: Sql, read: Callable[..., Awaitable[list[Activity]]], newest: int
    ) -> None:
        self._sql = sql
        self._read = read
        self.at = newest
        """How far back it was read; negative at its end."""
        self._seq = _NEWEST

    async def more(self) -> list[str]:
        """The flows of the next rows."""
        rows = await self._read(self._sql, self.at, self._seq, limit=_AT_ONCE)
        self.at, self._seq = rows[-1][:2] if len(rows) == _AT_ONCE else (-1, -1)
        return list(dict.fromkeys(row.correlation for row in rows))


async def _last(sqls: Sequence[Sql], correlations: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for sql in sqls if correlations else ():
        for correlation, at in (await last_activities(sql, correlations)).items():
            found[correlation] = max(at, found.get(correlation, at))
    return found


async def _summaries(sqls: Sequence[Sql], correlations: Sequence[str]) -> list[Summary]:
    found: dict[str, list[MessageFacts]] = {name: [] for name in correlations}
    for sql in sqls if correlations else ():
        for message in await messages_in_flows(sql, correlations):
            found[message.correlation].append(message)
    return [_summary(correlation, messages) for correlation, messages in found.items()]


def _summary(correlation: str, messages: Sequence[MessageFacts]) -> Summary:
    first = min(messages, key=lambda each: each.time)
    count = len({(each.source, each.id) for each in messages})
    return Summary(correlation, first.time, count, f"{first.type} {first.key or ''}")
