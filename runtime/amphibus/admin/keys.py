"""The API keys in the gateway's database, whether the gateway runs or not."""

from collections.abc import Iterable
from dataclasses import replace

from amphibus.access.api_keys import ApiKey
from amphibus.admin.stores import AdminStore
from amphibus.database.steering.api_keys import api_keys, insert_api_key, revoke_api_key


async def keep_key(gateway: AdminStore, key: ApiKey) -> ApiKey:
    """Keeps a new key whose `expires` is how long it is good; returns it with its times."""
    async with gateway.writing() as sql:
        now = await gateway.now(sql)
        kept = replace(key, created=now, expires=now + key.expires)
        await insert_api_key(sql, kept)
    return kept


async def known_keys(gateway: AdminStore, *, limit: int) -> list[ApiKey]:
    """Returns the keys, the newest first."""
    async with gateway.reading() as sql:
        return await api_keys(sql, limit=limit)


async def revoke_keys(gateway: AdminStore, ids: Iterable[str]) -> list[str]:
    """Revokes keys; returns the ids under which there was none to revoke."""
    async with gateway.writing() as sql:
        now = await gateway.now(sql)
        return [each for each in ids if not await revoke_api_key(sql, each, now)]
