"""Hands an operator's commands to their owners, past the gateway, which may send only what has a route.

They lie in the owner's own database, as messages that are due: whoever may write there needs no right at a broker.
"""

from collections.abc import Iterable

from amphibus.access.operator import OPERATOR
from amphibus.admin.enqueue import AcceptedItem, SendOutcome, operators_envelope
from amphibus.admin.stores import AdminStore
from amphibus.database.delayed import keys_ahead, store_delayed
from amphibus.database.inbox import arrived, body_handled
from amphibus.database.sql import Sql
from amphibus.messages.envelope import Envelope
from amphibus.partitions.assignment import partition_of


async def hand_in(owner: AdminStore, items: Iterable[AcceptedItem]) -> list[SendOutcome]:
    """Hands over what was not handed over before, in one transaction and in order; says what became of each."""
    async with owner.writing() as sql:
        now = await owner.now(sql)
        return [
            await _one(sql, operators_envelope(item, OPERATOR, now), owner.partitions)
            for item in items
        ]


async def _one(sql: Sql, envelope: Envelope, partitions: int) -> SendOutcome:
    if await arrived(sql, OPERATOR, [envelope.id]):
        handled = await body_handled(sql, OPERATOR, envelope.id)
        return "same" if handled in (None, envelope.body) else "other"
    waits = await keys_ahead(sql, [envelope.ordering_key])
    await store_delayed(
        sql,
        envelope,
        received=envelope.time,
        attempts=0,
        tries=0,
        due=None if waits else envelope.time,
        error="an operator sent it",
        partition=partition_of(envelope.key, envelope.id, partitions),
    )
    return "sent"
