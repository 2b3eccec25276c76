"""The API keys in the gateway's database, whether the gateway runs or not."""

from collections.abc import Iterable
from dataclasses import replace

from amphibus.access.api_keys import ApiKey
from amphibus.admin.stores import AdminStore
from amphibus.database.acting.act_names import CREATE_KEY, REVOKE_KEY
from amphibus.database.acting.audit import by as act_by
from amphibus.database.acting.audit import note_act
from amphibus.database.steering.api_keys import api_keys, insert_api_key, revoke_api_key
from amphibus.messages.contracts.amphibus.acting import Operator


async def keep_key(gateway: AdminStore, key: ApiKey, by: Operator, reason: str = "") -> ApiKey:
    """Keeps a new key whose `expires` is how long it is good, and notes who made it; returns it with its times."""
    async with gateway.writing() as sql:
        now = await gateway.now(sql)
        kept = replace(key, created=now, expires=now + key.expires)
        await insert_api_key(sql, kept)
        await note_act(sql, act_by(by, now, CREATE_KEY, f"key {key.id} of {key.name}", reason, 1))
    return kept


async def known_keys(gateway: AdminStore, *, limit: int) -> list[ApiKey]:
    """Returns the keys, the newest first."""
    async with gateway.reading() as sql:
        return await api_keys(sql, limit=limit)


async def revoke_keys(
    gateway: AdminStore, ids: Iterable[str], by: Operator, reason: str = ""
) -> list[str]:
    """Revokes keys, and notes who did; returns the ids under which there was none to revoke."""
    unknown: list[str] = []
    async with gateway.writing() as sql:
        now = await gateway.now(sql)
        for each in ids:
            if await revoke_api_key(sql, each, now):
                await note_act(sql, act_by(by, now, REVOKE_KEY, f"key {each}", reason, 1))
            else:
                unknown.append(each)
    return unknown
