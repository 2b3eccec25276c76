"""The places of a store where a person may stand, and what stands there, a page at a time."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from amphibus.database.sql import Sql
from amphibus.database.write_set import Row

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
_LATER: Final = f"SELECT due, {_COLUMNS}, NULL, 1, due FROM amphibus_later"
_ACCEPTED: Final = "SELECT identity, location, answer, accepted FROM amphibus_accepted"
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


async def messages_of(sql: Sql, place: str, beyond: int) -> tuple[list[Kept], int | None]:
    """Returns a page of the messages in a table, and where the next begins; None if there is none."""
    if place not in _STATEMENTS:
        found, goes_on = await _by_moment(sql, _LATER, "due", beyond)
        return [Kept(*tuple(row)[:-1]) for row in found], goes_on
    rows = await sql.rows(_STATEMENTS[place], beyond, PAGE)
    page = [Kept(*row) for row in rows]
    return page, page[-1].seq if len(page) == PAGE else None


async def accepted_rows(sql: Sql, beyond: int) -> tuple[list[AcceptedRow], int | None]:
    """Returns a page of what the gateway accepted after a moment, and where the next begins; None if there is none."""
    found, goes_on = await _by_moment(sql, _ACCEPTED, "accepted", beyond)
    return [AcceptedRow(*tuple(row)[:-1]) for row in found], goes_on


async def _by_moment(
    sql: Sql, select: str, moment: str, beyond: int
) -> tuple[list[Row], int | None]:
    """Returns a page of rows after a moment, which is their last column, and where the next begins.

    By time, which stays as it is: to erase changes names, and what is pruned or sent is taken off the front.
    """
    rows = await sql.rows(f"{select} WHERE {moment} > ? ORDER BY {moment} LIMIT ?", beyond, PAGE)
    if len(rows) < PAGE:
        return rows, None
    last = rows[-1][-1]
    whole = [row for row in rows if row[-1] < last]
    if not whole:  # more than a page is of one moment
        whole = await sql.rows(f"{select} WHERE {moment} = ?", last)
    return whole, whole[-1][-1]


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
