"""The API keys of the gateway. Every statement on `amphibus_api_key` stands here."""

from typing import Any, Final

from amphibus.access.api_keys import ApiKey
from amphibus.database.sql import Sql

_COLUMNS: Final = "id, name, tenant, scopes, hash, created, expires, revoked"


async def api_key(sql: Sql, identity: str) -> ApiKey | None:
    """Returns the key with that id."""
    row = await sql.row(f"SELECT {_COLUMNS} FROM amphibus_api_key WHERE id = ?", identity)
    return None if row is None else _key(row)


async def api_keys(sql: Sql, *, limit: int) -> list[ApiKey]:
    """Returns the keys, the newest first."""
    rows = await sql.rows(
        f"SELECT {_COLUMNS} FROM amphibus_api_key ORDER BY created DESC, id LIMIT ?", limit
    )
    return [_key(row) for row in rows]


async def insert_api_key(sql: Sql, key: ApiKey) -> None:
    """Keeps a new key."""
    await sql.run(
        f"INSERT INTO amphibus_api_key ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        key.id,
        key.name,
        key.tenant,
        " ".join(sorted(key.scopes)),
        key.hash,
        key.created,
        key.expires,
        key.revoked,
    )


async def revoke_api_key(sql: Sql, identity: str, now: int) -> bool:
    """Revokes a key; returns whether there was such a key that was not revoked."""
    return (
        await sql.run(
            "UPDATE amphibus_api_key SET revoked = ? WHERE id = ? AND revoked IS NULL",
            now,
            identity,
        )
        > 0
    )


def _key(row: Any) -> ApiKey:
    identity, name, tenant, scopes, digest, created, expires, revoked = row
    return ApiKey(
        identity, name, tenant, frozenset(scopes.split()), bytes(digest), created, expires, revoked
    )
