"""Strikes off instances that fell silent, also one that is frozen while it holds a lock on its own row."""

from typing import Any, Final

import asyncpg
import structlog

from amphibus.database.postgres.leases import instance_ids
from amphibus.database.postgres.sql import NOW
from amphibus.database.postgres.store import PostgresStore, session_name
from amphibus.database.sql import Sql

_log: Any = structlog.get_logger()
LOCK_SECONDS: Final = 2.0
"""How long a peer that fell silent may be inside a commit, before its sessions are ended."""


async def strike_off_silent(sql: Sql, module: str) -> None:
    """Removes them: their partitions are free, and their commits fail.

    Raises:
        asyncpg.LockNotAvailableError: the sessions of one could not be ended.
    """
    silent = await sql.rows(f"SELECT id FROM amphibus_instance WHERE until < {NOW}")
    for (identity,) in silent:
        try:
            await _remove(sql, identity)
        except asyncpg.LockNotAvailableError:
            await _end_sessions(sql, module, identity)
            await _remove(sql, identity)
    await sql.run(
        "UPDATE amphibus_lease SET owner = NULL WHERE owner IS NOT NULL"
        " AND owner NOT IN (SELECT id FROM amphibus_instance)"
    )


async def _remove(sql: Sql, identity: str) -> None:
    """Waits a moment for a commit that is under way there."""
    await sql.run(f"DELETE FROM amphibus_instance WHERE id = ? AND until < {NOW}", identity)


async def _end_sessions(sql: Sql, module: str, identity: str) -> None:
    await sql.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = ? AND datname = current_database() AND pid <> pg_backend_pid()",
        session_name(module, token_of(identity)),
    )
    _log.warning("partition.peer_ended", module=module, instance=identity)


def named_by(token: str, identity: str) -> str:
    """The name of an instance, from which others learn the token of its sessions."""
    return f"{token}.{identity}"


def token_of(identity: str) -> str:
    """The token of an instance's sessions, from its name."""
    return identity.partition(".")[0]


async def alive(store: PostgresStore) -> frozenset[str]:
    """Returns the tokens of the instances that live: an instance that was struck off keeps its own under a new name."""
    return frozenset(map(token_of, await instance_ids(store.reader)))
