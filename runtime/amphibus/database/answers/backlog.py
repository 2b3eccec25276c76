"""The answers about what a store holds and what waits in it."""

from amphibus.database.counts import counts_by_source, held_counts
from amphibus.database.facts import fact, forgotten_before, last_transport, routes_noted
from amphibus.database.inbox import arrived
from amphibus.database.outbox import handed_over, waiting_by_destination
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.answers import (
    MessageLeft,
    MessagesLeft,
    NotArrived,
    ReceivedFrom,
    StoreCounts,
    StoreWaits,
    WaitingFor,
)
from amphibus.messages.contracts.amphibus.v1 import (
    CheckArrived,
    CountStore,
    CountWaits,
    ListMessagesLeft,
)


async def not_arrived(sql: Sql, asked: CheckArrived) -> NotArrived:
    """Returns which messages of a sender are neither handled nor delayed nor dead here."""
    there = await arrived(sql, asked.sender, asked.ids) if asked.ids else set()
    missing = tuple(each for each in asked.ids if each not in there)
    return NotArrived(ids=missing, forgotten_before=await forgotten_before(sql))


async def store_counts(sql: Sql, _asked: CountStore) -> StoreCounts:
    """Counts what there is."""
    counts = await held_counts(sql)
    return StoreCounts(
        revision=await _revision(sql),
        transport=await last_transport(sql),
        schema_version=int(await fact(sql, "schema_version") or 0),
        size=await sql.size(),
        **counts._asdict(),
    )


async def store_waits(sql: Sql, _asked: CountWaits) -> StoreWaits:
    """Counts what waits, by sender and by receiver."""
    received = [
        ReceivedFrom(sender=each.source, delayed=each.delayed, dead=each.dead)
        for each in await counts_by_source(sql)
    ]
    unsent = [
        WaitingFor(receiver=receiver, count=count)
        for receiver, count in (await waiting_by_destination(sql)).items()
    ]
    return StoreWaits(
        received=tuple(received), unsent=tuple(unsent), routes=await routes_noted(sql)
    )


async def messages_left(sql: Sql, asked: ListMessagesLeft) -> MessagesLeft:
    """Returns a page of what has left for a receiver."""
    page = await handed_over(
        sql,
        asked.receiver,
        asked.types,
        beyond=asked.beyond,
        known_since=asked.known_since,
        limit=asked.limit,
    )
    return MessagesLeft(messages=tuple(MessageLeft(**each._asdict()) for each in page))


async def _revision(sql: Sql) -> str:
    """Returns the newest migration of the module's own tables."""
    table = f"alembic_version_{await fact(sql, 'module')}"
    if not await sql.has_table(table):
        return "-"
    row = await sql.row(f'SELECT version_num FROM "{table}"')
    return "-" if row is None else str(row[0])
