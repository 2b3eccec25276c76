"""The outbox: what a module has said, and what of it waits for whom.

Every statement on `amphibus_outbox` and `amphibus_delivery` stands here; those on the receivers' word in `awaited`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from amphibus.database.envelope_rows import ENVELOPE, envelope_of
from amphibus.database.sql import Sql
from amphibus.messages.envelope import Envelope

INSERT_OUTBOX: Final = (
    f"INSERT INTO amphibus_outbox ({ENVELOPE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_DELIVERY: Final = (
    "INSERT INTO amphibus_delivery (destination, seq, partition) VALUES (?, ?, ?)"
)
AWAIT: Final = (
    "INSERT INTO amphibus_awaited (destination, seq) VALUES (?, ?) ON CONFLICT DO NOTHING"
)
DELETE_DELIVERY: Final = "DELETE FROM amphibus_delivery WHERE destination = ? AND seq = ?"

SENT: Final = f"SELECT {ENVELOPE} FROM amphibus_outbox ORDER BY seq"
"""All that was said, oldest first."""

_ENVELOPE: Final = ", ".join(f"o.{column}" for column in ENVELOPE.split(", "))
# From one name to the next by the index: DISTINCT would read every row (a loose index scan, as PostgreSQL's wiki
# calls it).
DESTINATIONS: Final = """
WITH RECURSIVE found(destination) AS (
    SELECT min(destination) FROM {table}
    UNION ALL
    SELECT (SELECT min(destination) FROM {table} WHERE destination > found.destination)
    FROM found WHERE found.destination IS NOT NULL
)
SELECT destination FROM found WHERE destination IS NOT NULL
"""
# What waits for a receiver that is away stands at the front: so a window moves over it, a piece at a time.
_WINDOW: Final = (
    "SELECT seq, time FROM amphibus_outbox WHERE time >= ? AND time < ? ORDER BY time LIMIT ?"
)
_PRUNE: Final = (
    f"DELETE FROM amphibus_outbox WHERE asked = 1 AND seq IN (SELECT seq FROM ({_WINDOW}) AS o"
    " WHERE NOT EXISTS (SELECT 1 FROM amphibus_delivery d WHERE d.seq = o.seq)"
    " AND NOT EXISTS (SELECT 1 FROM amphibus_awaited a WHERE a.seq = o.seq))"
)


class Pruned(NamedTuple):
    """The result of one look at the front of the outbox came to."""

    rows: int
    goes_on_from: int
    """The time at which the next look begins, or 0 where all was looked at."""


class Waiting(NamedTuple):
    """A message that waits for one destination."""

    seq: int
    destination: str
    envelope: Envelope


class HandedOver(NamedTuple):
    """A message that has left for a destination."""

    seq: int
    id: str
    type: str
    key: str | None
    time: int


class LoggedEvent(NamedTuple):
    """An event in a module's log."""

    seq: int
    id: str
    source: str
    key: str | None
    time: int


async def destinations_waited_for(sql: Sql) -> list[str]:
    """The destinations that anything waits for."""
    return [row[0] for row in await sql.rows(DESTINATIONS.format(table="amphibus_delivery"))]


async def count_waiting(sql: Sql, destination: str, *, limit: int, only: str) -> int:
    """Returns how many messages wait for a destination, counted up to a limit; `only` narrows to some partitions."""
    rows = await sql.rows(
        f"SELECT count(*) FROM (SELECT 1 FROM amphibus_delivery WHERE destination = ?{only} LIMIT ?) AS waiting",
        destination,
        limit,
    )
    return int(rows[0][0])


async def oldest_on_their_way(
    sql: Sql,
    destinations: Sequence[str] | None,
    *,
    limit: int,
    only: str,
    other_keys_than: Sequence[str] = (),
) -> list[Waiting]:
    """The oldest messages that wait for some destinations, or for any where None is given.

    Args:
        sql: the connection.
        destinations: with None the rows are read in the order of their numbers, without a sort.
        limit: of rows; a message has one for each destination.
        only: a condition that narrows to some partitions.
        other_keys_than: keys whose messages are left out.
    """
    values: list[str] = []
    where = "1 = 1"
    if destinations is not None:
        where = f"d.destination IN ({', '.join('?' * len(destinations))})"
        values += destinations
    if other_keys_than:
        where += f" AND (o.key IS NULL OR o.key NOT IN ({', '.join('?' * len(other_keys_than))}))"
        values += other_keys_than
    rows = await sql.rows(
        f"SELECT d.seq, d.destination, {_ENVELOPE} FROM amphibus_delivery d"
        f" JOIN amphibus_outbox o ON o.seq = d.seq WHERE {where}{only}"
        " ORDER BY d.seq, d.destination LIMIT ?",
        *values,
        limit,
    )
    found: list[Waiting] = []
    for seq, destination, *columns in rows:
        same = bool(found) and found[-1].seq == seq
        found.append(
            Waiting(seq, destination, found[-1].envelope if same else envelope_of(columns))
        )
    return found


async def handed_over(
    sql: Sql, destination: str, types: Sequence[str], *, beyond: int, known_since: int, limit: int
) -> list[HandedOver]:
    """The messages of some types, with numbers beyond one, that do not wait for a destination any more.

    They have left for it, which does not mean that they have arrived. Left out is what the destination has said to
    have and was sent before `known_since`, so that it may have forgotten it.
    """
    rows = await sql.rows(
        "SELECT o.seq, o.id, o.type, o.key, o.time FROM amphibus_outbox o WHERE o.seq > ?"
        f" AND o.type IN ({', '.join('?' * len(types))}) AND NOT EXISTS (SELECT 1"
        " FROM amphibus_delivery d WHERE d.destination = ? AND d.seq = o.seq)"
        " AND (o.time >= ? OR o.asked IS NULL OR EXISTS (SELECT 1 FROM amphibus_awaited a"
        " WHERE a.destination = ? AND a.seq = o.seq)) ORDER BY o.seq LIMIT ?",
        beyond,
        *types,
        destination,
        known_since,
        destination,
        limit,
    )
    return [HandedOver(*row) for row in rows]


async def numbered_from(sql: Sql, time: int) -> int:
    """Returns a number below all messages that were sent at a time or later; the newest if none was."""
    row = await sql.row("SELECT min(seq) FROM amphibus_outbox WHERE time >= ?", time)
    return row[0] - 1 if row and row[0] else await newest_sent(sql)


async def number_after(sql: Sql, seq: int, *, messages: int) -> int | None:
    """Returns the number that ends so many messages after one, or fewer if there are no more; None after the last."""
    row = await sql.row(
        "SELECT max(seq) FROM (SELECT seq FROM amphibus_outbox WHERE seq > ? ORDER BY seq LIMIT ?) AS o",
        seq,
        messages,
    )
    return row[0] if row else None


async def newest_sent(sql: Sql) -> int:
    """The number of the newest message; 0 if there is none."""
    row = await sql.row("SELECT max(seq) FROM amphibus_outbox")
    return (row[0] or 0) if row else 0


async def waiting_by_destination(sql: Sql) -> dict[str, int]:
    """Returns how many messages wait for each destination."""
    rows = await sql.rows(
        "SELECT destination, count(*) FROM amphibus_delivery GROUP BY destination"
    )
    return {row[0]: row[1] for row in rows}


async def waiting_up_to(sql: Sql, most: int) -> int:
    """Returns how many messages wait for any destination, counted no further than a number."""
    row = await sql.row(
        "SELECT count(*) FROM (SELECT 1 FROM amphibus_delivery LIMIT ?) AS counted", most
    )
    return int(row[0]) if row else 0


async def is_waited_for(sql: Sql, destination: str, *, up_to: int) -> bool:
    """Returns whether a message waits for a destination whose number is at most that."""
    row = await sql.row(
        "SELECT 1 FROM amphibus_delivery WHERE destination = ? AND seq <= ? LIMIT 1",
        destination,
        up_to,
    )
    return row is not None


async def put_in_line(sql: Sql, destination: str, messages: Sequence[tuple[int, int]]) -> None:
    """Lets messages, each by its number and partition, wait for a destination, if they do not already.

    What it may have said of them before does not count any more.
    """
    await sql.many(AWAIT, [(destination, seq) for seq, _ in messages])
    await sql.many(
        f"{INSERT_DELIVERY} ON CONFLICT DO NOTHING",
        [(destination, seq, partition) for seq, partition in messages],
    )


async def logged_events(sql: Sql, types: Sequence[str], *, since: int) -> list[LoggedEvent]:
    """The messages of these types that were sent at a time or later, oldest first."""
    rows = await sql.rows(
        "SELECT seq, id, source, key, time FROM amphibus_outbox"
        f" WHERE time >= ? AND type IN ({', '.join('?' * len(types))}) ORDER BY seq",
        since,
        *types,
    )
    return [LoggedEvent(*row) for row in rows]


async def skip_number_in_file(sql: Sql) -> None:
    """Leaves a number out, in SQLite."""
    await sql.run("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'amphibus_outbox'")


async def skip_number_on_server(sql: Sql) -> None:
    """Leaves a number out, in PostgreSQL."""
    await sql.row("SELECT nextval(pg_get_serial_sequence('amphibus_outbox', 'seq'))")


async def prune_outbox(sql: Sql, *, since: int, before: int, limit: int) -> Pruned:
    """Looks at `limit` messages that were sent between two times, and removes those that wait for nobody."""
    ((count, last),) = await sql.rows(
        f"SELECT count(*), max(time) FROM ({_WINDOW}) AS o", since, before, limit
    )
    rows = await sql.run(_PRUNE, since, before, limit)
    # Many messages of one moment would be one window for ever.
    return Pruned(rows, 0 if count < limit else max(last, since + 1))
