"""Writes that the gateway has accepted, under every identity that could repeat them.

Every statement on `amphibus_accepted` stands here.
"""

from typing import Final, NamedTuple

from amphibus.database.sql import Sql

_INSERT: Final = (
    "INSERT INTO amphibus_accepted (identity, message_id, digest, accepted, location)"
    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (identity) DO NOTHING"
)
_PRUNE: Final = (
    "DELETE FROM amphibus_accepted WHERE identity IN (SELECT identity FROM amphibus_accepted"
    " WHERE accepted < ? ORDER BY accepted LIMIT ?)"
)


class Accepted(NamedTuple):
    """A write that was accepted, with its answer if there is one."""

    digest: bytes
    """SHA-256 of its canonical content."""
    message_id: str
    status: int | None
    location: str | None
    answer: bytes | None


async def insert_accepted(
    sql: Sql,
    *,
    identity: str,
    message_id: str,
    digest: bytes,
    accepted: int,
    location: str | None,
) -> bool:
    """Records a write under one of its identities; returns False if that is known."""
    return await sql.run(_INSERT, identity, message_id, digest, accepted, location) > 0


async def accepted_as(sql: Sql, identity: str) -> Accepted | None:
    """The write that was accepted under an identity."""
    row = await sql.row(
        "SELECT digest, message_id, status, location, answer FROM amphibus_accepted WHERE identity = ?",
        identity,
    )
    return None if row is None else Accepted(*row)


async def withdraw_accepted(sql: Sql, identity: str) -> None:
    """Forgets one identity of a write."""
    await sql.run("DELETE FROM amphibus_accepted WHERE identity = ?", identity)


async def record_answer(sql: Sql, message_id: str, *, status: int, answer: bytes) -> None:
    """Records what was answered, under all identities of a write."""
    await sql.run(
        "UPDATE amphibus_accepted SET status = ?, answer = ? WHERE message_id = ?",
        status,
        answer,
        message_id,
    )


async def forget_unanswered(sql: Sql, message_id: str) -> None:
    """Forgets a write that was not answered."""
    await sql.run(
        "DELETE FROM amphibus_accepted WHERE message_id = ? AND status IS NULL", message_id
    )


async def undelivered_command(sql: Sql, identity: str) -> tuple[str, bytes] | None:
    """Type and body of the command accepted under an identity, while it waits in the outbox."""
    row = await sql.row(
        "SELECT o.type, o.body FROM amphibus_accepted a JOIN amphibus_outbox o ON o.id = a.message_id"
        " JOIN amphibus_delivery d ON d.seq = o.seq WHERE a.identity = ? LIMIT 1",
        identity,
    )
    return None if row is None else (row[0], row[1])


async def accepted_for(sql: Sql, identity: str) -> str | None:
    """The attributes of the command accepted under an identity, which say for whom it was, while it is kept."""
    row = await sql.row(
        "SELECT o.extra FROM amphibus_accepted a JOIN amphibus_outbox o ON o.id = a.message_id"
        " WHERE a.identity = ? LIMIT 1",
        identity,
    )
    return None if row is None else row[0]


async def prune_accepted(sql: Sql, *, before: int, limit: int) -> int:
    """Removes what was accepted before a time, oldest first; returns how many rows."""
    return await sql.run(_PRUNE, before, limit)
