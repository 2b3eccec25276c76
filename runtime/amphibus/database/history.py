"""Questions of history: what was said and handled, of one flow or last. Each is answered by an index."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from amphibus.database.sql import Sql
from amphibus.database.write_set import Row

_MESSAGE: Final = "id, type, source, key, time, correlation, causation"
_OF_FLOW: Final = "WHERE correlation = ? AND time >= ? ORDER BY seq"


class MessageFacts(NamedTuple):
    """A message without its payload. Its time is in microseconds since the epoch."""

    id: str
    type: str
    source: str
    key: str | None
    time: int
    correlation: str
    causation: str | None


class SentMessage(NamedTuple):
    """A message in the outbox, with its number there."""

    seq: int
    message: MessageFacts


class ReceivedMessage(NamedTuple):
    """The end of a message that a module received, or how far it is."""

    message: MessageFacts
    state: str
    received: int
    handled: int | None
    attempts: int
    error: str


class Activity(NamedTuple):
    """Something that was said or handled."""

    at: int
    seq: int
    correlation: str


class EndedFlow(NamedTuple):
    """A flow, and the event that ended it."""

    flow: str
    id: str
    type: str
    time: int


async def ended_flows(sql: Sql, flows: Sequence[str], types: Sequence[str]) -> list[EndedFlow]:
    """Returns the events of some types that a module has sent in some flows, in its own order."""
    if not flows or not types:
        return []
    rows = await sql.rows(
        "SELECT correlation, id, type, time FROM amphibus_outbox"
        f" WHERE correlation IN ({', '.join('?' * len(flows))})"
        f" AND type IN ({', '.join('?' * len(types))}) ORDER BY seq",
        *flows,
        *types,
    )
    return [EndedFlow(*row) for row in rows]


async def sent_in_flow(sql: Sql, correlation: str, *, since: int) -> list[SentMessage]:
    """Messages of a flow that a module has sent, in its own order."""
    rows = await sql.rows(
        f"SELECT seq, {_MESSAGE} FROM amphibus_outbox {_OF_FLOW}", correlation, since
    )
    return [SentMessage(seq, MessageFacts(*facts)) for seq, *facts in rows]


async def destinations_left(sql: Sql, seq: int) -> list[str]:
    """A destination at which a message of the outbox has not arrived yet."""
    rows = await sql.rows("SELECT destination FROM amphibus_delivery WHERE seq = ?", seq)
    return [row[0] for row in rows]


async def received_in_flow(sql: Sql, correlation: str, *, since: int) -> list[ReceivedMessage]:
    """Messages of a flow that a module has received, and how far it is with each."""
    found: list[ReceivedMessage] = []
    for facts, table in (
        ("outcome, received, handled, attempts, ''", "amphibus_inbox"),
        ("'delayed', received, NULL, attempts, error", "amphibus_delayed"),
        ("'dead', received, died, attempts, error", "amphibus_dead"),
    ):
        statement = f"SELECT {facts}, {_MESSAGE} FROM {table} {_OF_FLOW}"
        found += map(_received, await sql.rows(statement, correlation, since))
    return found


async def messages_in_flows(sql: Sql, correlations: Sequence[str]) -> list[MessageFacts]:
    """The messages of some flows that a module has sent and handled."""
    found: list[MessageFacts] = []
    for table in ("amphibus_outbox", "amphibus_inbox"):
        rows = await sql.rows(
            f"SELECT {_MESSAGE} FROM {table} WHERE correlation IN ({_marks(correlations)})",
            *correlations,
        )
        found += [MessageFacts(*row) for row in rows]
    return found


async def last_activities(sql: Sql, correlations: Sequence[str]) -> dict[str, int]:
    """Returns when something of some flows was sent or handled last by a module."""
    found: dict[str, int] = {}
    for at, table in (("time", "amphibus_outbox"), ("handled", "amphibus_inbox")):
        rows = await sql.rows(
            f"SELECT correlation, max({at}) FROM {table}"
            f" WHERE correlation IN ({_marks(correlations)}) GROUP BY correlation",
            *correlations,
        )
        for correlation, newest in rows:
            found[correlation] = max(newest, found.get(correlation, newest))
    return found


async def handled_before(sql: Sql, at: int, seq: int, *, limit: int) -> list[Activity]:
    """Returns what was handled before a place in the inbox, newest first."""
    rows = await sql.rows(
        "SELECT handled, seq, correlation FROM amphibus_inbox WHERE (handled, seq) < (?, ?)"
        " ORDER BY handled DESC, seq DESC LIMIT ?",
        at,
        seq,
        limit,
    )
    return [Activity(*row) for row in rows]


async def sent_before(sql: Sql, at: int, seq: int, *, limit: int) -> list[Activity]:
    """Returns what was sent before a place in the outbox, newest first."""
    rows = await sql.rows(
        "SELECT time, seq, correlation FROM amphibus_outbox WHERE (time, seq) < (?, ?)"
        " ORDER BY time DESC, seq DESC LIMIT ?",
        at,
        seq,
        limit,
    )
    return [Activity(*row) for row in rows]


async def flow_begun_with(sql: Sql, key: str, *, since: int) -> tuple[int, str] | None:
    """Time and flow of the oldest message of a business key that nothing caused."""
    return await _first(
        sql,
        ("amphibus_outbox", "amphibus_inbox"),
        "key = ? AND causation IS NULL AND time >= ?",
        key,
        since,
    )


async def flow_of_message(sql: Sql, message: str, *, since: int) -> tuple[int, str] | None:
    """Time and flow of a message that a module has sent, or that its flow is named after."""
    sent = await _first(sql, ("amphibus_outbox",), "id = ? AND time >= ?", message, since)
    return sent or await _first(
        sql,
        ("amphibus_inbox", "amphibus_delayed", "amphibus_dead"),
        "correlation = ? AND id = ? AND time >= ?",
        message,
        message,
        since,
    )


async def flow_that_mentions(
    sql: Sql, *, key: str | None = None, message: str | None = None, since: int
) -> tuple[int, str] | None:
    """Time and flow of the oldest message of that key or id. It reads whole tables: the last resort."""
    column, value = ("id", message) if message is not None else ("key", key)
    tables = ("amphibus_outbox", "amphibus_inbox", "amphibus_dead", "amphibus_delayed")
    return await _first(sql, tables, f"{column} = ? AND time >= ?", value, since)


async def _first(
    sql: Sql, tables: Sequence[str], condition: str, *values: Any
) -> tuple[int, str] | None:
    found: list[tuple[int, str]] = []
    for table in tables:
        statement = f"SELECT time, correlation FROM {table} WHERE {condition} ORDER BY time LIMIT 1"
        if (row := await sql.row(statement, *values)) is not None:
            found.append((row[0], row[1]))
    return min(found, default=None)


def _received(row: Row) -> ReceivedMessage:
    state, received, handled, attempts, error, *facts = row
    return ReceivedMessage(MessageFacts(*facts), state, received, handled, attempts, error)


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
