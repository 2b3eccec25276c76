"""The places of a store where a person may stand, and what stands there, a page at a time."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from amphibus.database.sql import Sql

PAGE: Final = 500
"""The rows of one page: of one transaction, so that no write waits long behind it."""
_UNDER_WAY: Final = (
    "EXISTS (SELECT 1 FROM amphibus_delivery d WHERE d.seq = m.seq)"
    " OR EXISTS (SELECT 1 FROM amphibus_awaited a WHERE a.seq = m.seq)"
)
_COLUMNS: Final = "id, type, source, correlation, key, extra, body"
_BY_NUMBER: Final = (
    f"SELECT seq, {_COLUMNS}, {{answer}}, CASE WHEN {{under_way}} THEN 1 ELSE 0 END"
    " FROM amphibus_{place} m WHERE seq > ? ORDER BY seq LIMIT ?"
)
_LATER: Final = (
    f"SELECT 0, {_COLUMNS}, NULL, 1 FROM amphibus_later ORDER BY name, recall_key LIMIT ? OFFSET ?"
)
_STATEMENTS: Final = {
    "outbox": _BY_NUMBER.format(place="outbox", answer="NULL", under_way=_UNDER_WAY),
    "inbox": _BY_NUMBER.format(place="inbox", answer="answer", under_way="1 = 0"),
    "delayed": _BY_NUMBER.format(place="delayed", answer="NULL", under_way="1 = 1"),
    "dead": _BY_NUMBER.format(place="dead", answer="NULL", under_way="1 = 0"),
}
OF_MESSAGES: Final = (*_STATEMENTS, "later")
ACCEPTED: Final = "accepted"
NOTES: Final = "notes"
"""Timers and operations that are done, and the audit."""


class Kept(NamedTuple):
    """A message as a table keeps it."""

    seq: int
    id: str
    type: str
    source: str
    flow: str
    key: str | None
    extra: str | None
    body: bytes | None
    answer: bytes | None
    under_way: int
    """1 until nothing waits for it any more."""


class AcceptedRow(NamedTuple):
    """A write that the gateway accepted."""

    identity: str
    location: str | None
    answer: bytes | None


async def messages_of(sql: Sql, place: str, beyond: int) -> list[Kept]:
    """Returns a page of the messages in a table."""
    if place in _STATEMENTS:
        rows = await sql.rows(_STATEMENTS[place], beyond, PAGE)
    else:
        rows = await sql.rows(_LATER, PAGE, beyond)
    return [Kept(*row) for row in rows]


async def accepted_rows(sql: Sql, beyond: int) -> tuple[list[AcceptedRow], int | None]:
    """Returns a page of what the gateway accepted after a moment, and where the next begins; None if there is none.

    By time, which nobody changes: to erase changes the identities, and to prune takes rows off the front.
    """
    rows = await sql.rows(
        "SELECT identity, location, answer, accepted FROM amphibus_accepted WHERE accepted > ?"
        " ORDER BY accepted LIMIT ?",
        beyond,
        PAGE,
    )
    if len(rows) < PAGE:
        return [AcceptedRow(*tuple(row)[:3]) for row in rows], None
    last = rows[-1][3]
    whole = [row for row in rows if row[3] < last]
    if not whole:  # more than a page was accepted at one moment
        whole = await sql.rows(
            "SELECT identity, location, answer, accepted FROM amphibus_accepted WHERE accepted = ?",
            last,
        )
    return [AcceptedRow(*tuple(row)[:3]) for row in whole], whole[-1][3]


async def keys_under_way(sql: Sql, keys: Sequence[str]) -> list[tuple[str, str]]:
    """Returns the processes of some keys that have not ended."""
    if not keys:
        return []
    rows = await sql.rows(
        f"SELECT process, key FROM amphibus_process WHERE key IN ({', '.join('?' * len(keys))})",
        *keys,
    )
    return [(row[0], row[1]) for row in rows]


async def audited(sql: Sql, text: str) -> list[int]:
    """Returns the numbers of the entries of the audit that a person stands in."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like = " OR ".join(
        f"{column} LIKE ? ESCAPE '\\'" for column in ("who", "principal", "object", "reason")
    )
    rows = await sql.rows(
        f"SELECT number FROM amphibus_audit WHERE {like} ORDER BY number", *[f"%{escaped}%"] * 4
    )
    return [int(row[0]) for row in rows]


def after(place: str, places: Sequence[str]) -> str:
    """Returns the place after one; empty after the last."""
    at = places.index(place) + 1
    return places[at] if at < len(places) else ""
