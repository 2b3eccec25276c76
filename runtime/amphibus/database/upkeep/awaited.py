"""The receivers' word: which messages they have not said to have yet.

A message whose destinations were asked is marked in the outbox; a destination that has not said that it has the
message has a row in `amphibus_awaited`. So the ordinary case costs a mark, and no row.
"""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from amphibus.database.facts import fact, note_fact
from amphibus.database.outbox import AWAIT, DESTINATIONS, HandedOver
from amphibus.database.sql import Sql

_ASKED_UP_TO: Final = "asked_up_to"
_UNDER_WAY: Final = (
    "EXISTS (SELECT 1 FROM amphibus_delivery d WHERE d.destination = amphibus_awaited.destination"
    " AND d.seq = amphibus_awaited.seq)"
)
_TABLES: Final = ("amphibus_delivery", "amphibus_awaited")


class Unasked(NamedTuple):
    """A message of which no receiver was asked."""

    seq: int
    id: str
    type: str
    time: int


class Awaited(NamedTuple):
    """A message that a destination has not said to have."""

    seq: int
    id: str
    type: str


async def asked_up_to(sql: Sql) -> int:
    """Returns the number from which on the outbox is looked at; what a later commit leaves below has no mark."""
    return int(await fact(sql, _ASKED_UP_TO) or 0)


async def unasked(sql: Sql, *, beyond: int, limit: int) -> list[Unasked]:
    """The messages beyond a number that nobody was asked about, in the order of their numbers."""
    rows = await sql.rows(
        "SELECT seq, id, type, time FROM amphibus_outbox WHERE seq > ? AND asked IS NULL"
        " ORDER BY seq LIMIT ?",
        beyond,
        limit,
    )
    return [Unasked(*row) for row in rows]


async def unasked_between(sql: Sql, *, since: int, before: int, limit: int) -> list[Unasked]:
    """Those among the first `limit` messages that were sent between two times."""
    rows = await sql.rows(
        "SELECT seq, id, type, time FROM (SELECT seq, id, type, time, asked FROM amphibus_outbox"
        " WHERE time >= ? AND time < ? ORDER BY time LIMIT ?) AS o WHERE asked IS NULL",
        since,
        before,
        limit,
    )
    return [Unasked(*row) for row in rows]


async def note_asked(
    sql: Sql, messages: Sequence[Unasked], awaited: Sequence[tuple[str, int]]
) -> None:
    """Marks messages whose destinations were asked; of `awaited`, destination and number, the word is missing."""
    await sql.many(AWAIT, awaited)
    await sql.run(
        f"UPDATE amphibus_outbox SET asked = 1 WHERE seq IN ({', '.join('?' * len(messages))})",
        *[each.seq for each in messages],
    )


async def note_asked_up_to(sql: Sql, seq: int) -> None:
    """Writes down from which number on the outbox is looked at."""
    await note_fact(sql, _ASKED_UP_TO, str(seq))


async def destinations_awaited(sql: Sql) -> list[str]:
    """The destinations whose word is missing for anything."""
    return [row[0] for row in await sql.rows(DESTINATIONS.format(table="amphibus_awaited"))]


async def awaited_from(sql: Sql, destination: str, *, beyond: int, limit: int) -> list[Awaited]:
    """The messages beyond a number that a destination has not said to have."""
    rows = await sql.rows(
        "SELECT a.seq, o.id, o.type FROM amphibus_awaited a JOIN amphibus_outbox o ON o.seq = a.seq"
        " WHERE a.destination = ? AND a.seq > ? ORDER BY a.seq LIMIT ?",
        destination,
        beyond,
        limit,
    )
    return [Awaited(*row) for row in rows]


async def handed_over_unasked(
    sql: Sql, destination: str, types: Sequence[str], *, since: int, beyond: int, up_to: int
) -> list[HandedOver]:
    """The messages of some types that have left for a destination and nobody asked about.

    Of those that were sent `since` a time, with numbers `beyond` one and `up_to` another: all of these are read,
    whether there is anything among them or not.
    """
    rows = await sql.rows(
        "SELECT o.seq, o.id, o.type, o.key, o.time FROM amphibus_outbox o WHERE o.seq > ? AND o.seq <= ?"
        f" AND o.time >= ? AND o.asked IS NULL AND o.type IN ({', '.join('?' * len(types))})"
        " AND NOT EXISTS (SELECT 1 FROM amphibus_delivery d WHERE d.destination = ? AND d.seq = o.seq)"
        " ORDER BY o.seq",
        beyond,
        up_to,
        since,
        *types,
        destination,
    )
    return [HandedOver(*row) for row in rows]


async def handed_over_awaited(
    sql: Sql, destination: str, *, beyond: int, limit: int
) -> list[HandedOver]:
    """The messages beyond a number that have left for a destination, which has not said to have them."""
    rows = await sql.rows(
        "SELECT o.seq, o.id, o.type, o.key, o.time FROM amphibus_awaited a JOIN amphibus_outbox o ON o.seq = a.seq"
        " WHERE a.destination = ? AND a.seq > ? AND NOT EXISTS (SELECT 1 FROM amphibus_delivery d"
        " WHERE d.destination = a.destination AND d.seq = a.seq) ORDER BY a.seq LIMIT ?",
        destination,
        beyond,
        limit,
    )
    return [HandedOver(*row) for row in rows]


async def said_to_have(sql: Sql, destination: str, numbers: Sequence[int]) -> set[int]:
    """Returns which of some messages a destination has said to have."""
    rows = await sql.rows(
        "SELECT o.seq FROM amphibus_outbox o WHERE o.asked = 1"
        f" AND o.seq IN ({', '.join('?' * len(numbers))}) AND NOT EXISTS (SELECT 1"
        " FROM amphibus_awaited a WHERE a.destination = ? AND a.seq = o.seq)",
        *numbers,
        destination,
    )
    return {row[0] for row in rows}


async def last_said(sql: Sql, destination: str, *, up_to: int, limit: int) -> list[Unasked]:
    """Those of the last `limit` messages up to a number of which a destination can have said that it has them."""
    rows = await sql.rows(
        "SELECT o.seq, o.id, o.type, o.time FROM (SELECT seq, id, type, time, asked FROM amphibus_outbox"
        " WHERE seq <= ? ORDER BY seq DESC LIMIT ?) AS o WHERE o.asked = 1 AND NOT EXISTS (SELECT 1"
        " FROM amphibus_awaited a WHERE a.destination = ? AND a.seq = o.seq) ORDER BY o.seq",
        up_to,
        limit,
        destination,
    )
    return [Unasked(*row) for row in rows]


async def note_arrived(sql: Sql, destination: str, numbers: Sequence[int]) -> None:
    """Writes down that a destination has messages; not of those that were put in line for it again."""
    await sql.run(
        "DELETE FROM amphibus_awaited WHERE destination = ?"
        f" AND seq IN ({', '.join('?' * len(numbers))}) AND NOT {_UNDER_WAY}",
        destination,
        *numbers,
    )


async def forget_destination(sql: Sql, destination: str, *, before: int, limit: int) -> int:
    """Lets messages that were sent before a time wait for a destination no more; returns how many rows went."""
    gone = 0
    for table in _TABLES:
        gone += await sql.run(
            f"DELETE FROM {table} WHERE destination = ? AND seq IN (SELECT w.seq FROM {table} w"
            " JOIN amphibus_outbox o ON o.seq = w.seq WHERE w.destination = ? AND o.time < ?"
            " ORDER BY w.seq LIMIT ?)",
            destination,
            destination,
            before,
            limit,
        )
    return gone


async def destinations_other_than(sql: Sql, known: Collection[str]) -> list[str]:
    """The destinations that anything waits for, or whose word is missing, and that are none of these."""
    found: set[str] = set()
    for table in _TABLES:
        found.update(row[0] for row in await sql.rows(DESTINATIONS.format(table=table)))
    return sorted(found.difference(known))
