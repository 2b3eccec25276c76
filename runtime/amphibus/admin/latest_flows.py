"""The list of flows: those that something was said or handled in last, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from amphibus.admin.views import View, Views
from amphibus.messages.contracts.amphibus.answers import MessageFacts
from amphibus.messages.contracts.amphibus.v1 import MOST_ROWS, ListHappened, SummarizeFlows

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


async def latest_flows(views: Views, limit: int, *, after: str | None = None) -> list[Summary]:
    """The flows that something was said or handled in last, newest first.

    Args:
        views: of what the modules know.
        limit: how many.
        after: the flow that the page before ended with.

    Raises:
        KeyError: there is no flow `after`.
    """
    all_views = list(views.values())
    top = _TOP if after is None else ((await _last(all_views, [after]))[after], after)
    return await _summaries(all_views, await _page(all_views, limit, top))


async def _page(views: Sequence[View], limit: int, top: FlowPlace) -> list[str]:
    """The flows behind a place, by the last that happened in each."""
    logs = [_Log(view, "inbox", top[0]) for view in views]
    logs += [_Log(view, "outbox", top[0]) for view in views]
    known: dict[str, FlowPlace] = {}
    while True:
        # No flow that is not known yet has a place before that of the log which was read the least far.
        unread = max((log.at for log in logs), default=-1)
        page = sorted((place for place in known.values() if place < top), reverse=True)[:limit]
        if unread < 0 or limit < 1 or (len(page) == limit and page[-1][0] > unread):
            return [correlation for _, correlation in page]
        log = max(logs, key=lambda each: each.at)
        fresh = [name for name in await log.more() if name not in known]
        known |= {name: (at, name) for name, at in (await _last(views, fresh)).items()}


class _Log:
    """An inbox or an outbox, read from the newest row back."""

    def __init__(self, view: View, log: Literal["inbox", "outbox"], newest: int) -> None:
        self._view = view
        self._log: Literal["inbox", "outbox"] = log
        self.at = newest
        """How far back it was read; negative at its end."""
        self._seq = _NEWEST

    async def more(self) -> list[str]:
        """The flows of the next rows."""
        asked = ListHappened(log=self._log, at=self.at, seq=self._seq, limit=_AT_ONCE)
        rows = (await self._view.ask(asked)).rows
        self.at, self._seq = (rows[-1].at, rows[-1].seq) if len(rows) == _AT_ONCE else (-1, -1)
        return list(dict.fromkeys(row.correlation for row in rows))


async def _last(views: Sequence[View], correlations: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    asked = SummarizeFlows(correlations=tuple(correlations))
    for view in views if correlations else ():
        for correlation, at in (await view.ask(asked)).last.items():
            found[correlation] = max(at, found.get(correlation, at))
    return found


async def _summaries(views: Sequence[View], correlations: Sequence[str]) -> list[Summary]:
    found: dict[str, list[MessageFacts]] = {name: [] for name in correlations}
    for start in range(0, len(correlations), MOST_ROWS):
        some = tuple(correlations[start : start + MOST_ROWS])
        asked = SummarizeFlows(correlations=some, with_messages=True)
        for view in views:
            for message in (await view.ask(asked)).messages:
                found[message.correlation].append(message)
    return [_summary(correlation, messages) for correlation, messages in found.items()]


def _summary(correlation: str, messages: Sequence[MessageFacts]) -> Summary:
    first = min(messages, key=lambda each: each.time)
    count = len({(each.source, each.id) for each in messages})
    return Summary(correlation, first.time, count, f"{first.type} {first.key or ''}")
