"""Counts of what waits in a module's database."""

from typing import Final, NamedTuple

from amphibus.database.sql import Sql
from amphibus.database.timers import NEVER

_WAITING: Final = (
    "SELECT (SELECT count(*) FROM amphibus_delivery),"
    " (SELECT time FROM amphibus_outbox WHERE seq = (SELECT min(seq) FROM amphibus_delivery)),"
    " (SELECT count(*) FROM amphibus_delayed), (SELECT count(*) FROM amphibus_dead),"
    f" (SELECT count(*) FROM amphibus_timer WHERE due < {NEVER}),"
    " (SELECT count(*) FROM amphibus_later), (SELECT count(*) FROM amphibus_awaited)"
)
_HELD: Final = (
    "SELECT (SELECT count(*) FROM amphibus_delivery), (SELECT count(*) FROM amphibus_inbox),"
    " (SELECT count(*) FROM amphibus_delayed), (SELECT count(*) FROM amphibus_dead),"
    f" (SELECT count(*) FROM amphibus_timer WHERE due < {NEVER}),"
    " (SELECT count(*) FROM amphibus_later), (SELECT count(*) FROM amphibus_awaited)"
)


_BY_SOURCE: Final = (
    "SELECT source, sum(delayed), sum(dead) FROM ("
    "SELECT source, count(*) AS delayed, 0 AS dead FROM amphibus_delayed GROUP BY source"
    " UNION ALL SELECT source, 0, count(*) FROM amphibus_dead GROUP BY source) AS counted"
    " GROUP BY source"
)


class FromSource(NamedTuple):
    """The messages of one sender that a module has and has not handled."""

    source: str
    delayed: int
    dead: int


class WaitingCounts(NamedTuple):
    """The backlog of a module, and the time of the oldest undelivered message, microseconds since the epoch."""

    undelivered: int = 0
    oldest: int | None = None
    delayed: int = 0
    dead: int = 0
    timers: int = 0
    later: int = 0
    awaited: int = 0
    """Of messages and receivers, those that were asked and have not said that they have it."""


class HeldCounts(NamedTuple):
    """The counts of a database, under the names that `amphibus db status` shows."""

    unsent: int
    handled: int
    delayed: int
    dead: int
    timers: int
    later: int
    awaited: int


async def waiting_counts(sql: Sql) -> WaitingCounts:
    """Counts what waits; never the whole history."""
    row = await sql.row(_WAITING)
    return WaitingCounts(*(row or ()))


async def held_counts(sql: Sql) -> HeldCounts:
    """Counts what there is."""
    (row,) = await sql.rows(_HELD)
    return HeldCounts(*row)


async def counts_by_source(sql: Sql) -> list[FromSource]:
    """Counts what is delayed and dead, by sender."""
    return [FromSource(row[0], int(row[1]), int(row[2])) for row in await sql.rows(_BY_SOURCE)]
