"""What a commit writes into the runtime's own tables: collected while it is prepared, written at once at its end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from amphibus.tables import ENVELOPE

Row = Sequence[Any]

INSERT_OUTBOX: Final = (
    f"INSERT INTO amphibus_outbox ({ENVELOPE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_DELIVERY: Final = "INSERT INTO amphibus_delivery VALUES (?, ?, ?)"
INSERT_INBOX: Final = (
    f"INSERT INTO amphibus_inbox ({ENVELOPE}, received, handled, attempts, outcome, answer)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
DELETE_DELIVERY: Final = "DELETE FROM amphibus_delivery WHERE destination = ? AND seq = ?"


@dataclass(slots=True)
class Records:
    """Rows in the order of their tables' columns."""

    inbox: list[Row] = field(default_factory=list)
    """Messages that were handled."""
    outbox: list[Row] = field(default_factory=list)
    """Messages that leave."""
    deliveries: list[tuple[int, str, int]] = field(default_factory=list)
    """Which of `outbox`, its destination, its partition."""
    safe: list[tuple[str, int]] = field(default_factory=list)
    """Destination and number of what arrived there."""

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.inbox or self.outbox or self.safe)


def _arrays(columns: str, first: int) -> str:
    """`$1::text[], $2::bigint[]` … for the types of some columns."""
    types = {"t": "text", "i": "bigint", "b": "bytea"}
    return ", ".join(f"${first + n}::{types[each]}[]" for n, each in enumerate(columns))


_ENVELOPE_TYPES: Final = "ttttitttitb"
_INBOX_TYPES: Final = f"{_ENVELOPE_TYPES}iiitb"

# One round trip where each table would take its own. The rows that are deleted are looked up one by one, by their
# index: PostgreSQL knows nothing yet of a table that it plans for when it is new, and would read all of it.
ON_POSTGRESQL: Final = f"""
WITH sent AS (
    INSERT INTO amphibus_outbox ({ENVELOPE})
    SELECT {ENVELOPE}
    FROM unnest({_arrays(_ENVELOPE_TYPES, 1)}) WITH ORDINALITY AS given({ENVELOPE}, place)
    ORDER BY place
    RETURNING seq
), numbered AS (
    SELECT seq, row_number() OVER (ORDER BY seq) AS place FROM sent
), on_its_way AS (
    INSERT INTO amphibus_delivery (destination, seq, part)
    SELECT destination, seq, part
    FROM unnest({_arrays("iti", 12)}) AS given(place, destination, part) JOIN numbered USING (place)
), handled AS (
    INSERT INTO amphibus_inbox ({ENVELOPE}, received, handled, attempts, outcome, answer)
    SELECT * FROM unnest({_arrays(_INBOX_TYPES, 15)})
), arrived AS (
    DELETE FROM amphibus_delivery WHERE ctid = ANY (ARRAY(
        SELECT found.ctid FROM unnest({_arrays("ti", 31)}) AS safe(destination, seq)
        CROSS JOIN LATERAL (
            SELECT ctid FROM amphibus_delivery AS waiting
            WHERE waiting.destination = safe.destination AND waiting.seq = safe.seq LIMIT 1
        ) AS found
    ))
)
SELECT seq FROM numbered ORDER BY place
"""


def as_arrays(records: Records) -> list[list[Any]]:
    """The values of that statement: a list for each column."""
    deliveries = [(place + 1, destination, part) for place, destination, part in records.deliveries]
    return [
        *_columns(records.outbox, len(_ENVELOPE_TYPES)),
        *_columns(deliveries, 3),
        *_columns(records.inbox, len(_INBOX_TYPES)),
        *_columns(records.safe, 2),
    ]


def _columns(rows: Sequence[Row], count: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]


_PAST: Final = """
    SELECT outcome, answer FROM amphibus_inbox WHERE source = {source} AND id = {id}
    UNION ALL SELECT 'dead', NULL FROM amphibus_dead WHERE source = {source} AND id = {id}
    UNION ALL SELECT 'waits', NULL FROM amphibus_parked WHERE lane = {lane}
    UNION ALL SELECT 'waits', NULL FROM amphibus_dead WHERE lane = {lane} AND blocks = 1
    LIMIT 1
"""
_past_of = _PAST.format
PAST: Final = _past_of(source="?", id="?", lane="?")
"""What stands against running one message, for SQLite: given its source and id, again, its lane, again."""


def pasts_from(first: int) -> str:
    """The same for many, on PostgreSQL: place, outcome and answer of those against which something stands.

    `first` is the number of the first of three arrays: sources, ids, lanes.
    """
    given = _past_of(source="given.source", id="given.id", lane="given.lane")
    return f"""
        SELECT place, past.outcome, past.answer
        FROM unnest({_arrays("ttt", first)}) WITH ORDINALITY AS given(source, id, lane, place)
        CROSS JOIN LATERAL ({given}) AS past
    """


PASTS_ON_POSTGRESQL: Final = pasts_from(1)
