"""The answers about flows: what was sent and handled, of one flow or last."""

from amphibus.database import history
from amphibus.database.facts import last_transport
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.answers import (
    FlowFound,
    FlowInModule,
    FlowsInModule,
    Happened,
    HappenedPage,
    MessageFacts,
    Received,
    Sent,
)
from amphibus.messages.contracts.amphibus.v1 import (
    FindFlow,
    ListHappened,
    SummarizeFlows,
    TellFlow,
)


async def told(sql: Sql, asked: TellFlow) -> FlowInModule:
    """Returns the module's part of a flow."""
    sent = [
        Sent(
            message=_facts(message), unsent_for=tuple(await history.destinations_left(sql, number))
        )
        for number, message in await history.sent_in_flow(sql, asked.correlation, since=asked.since)
    ]
    received = [
        Received(**(each._asdict() | {"message": _facts(each.message)}))
        for each in await history.received_in_flow(sql, asked.correlation, since=asked.since)
    ]
    return FlowInModule(
        transport=await last_transport(sql), sent=tuple(sent), received=tuple(received)
    )


async def found(sql: Sql, asked: FindFlow) -> FlowFound:
    """Returns the oldest flow that fits."""
    key, message, since = asked.key, asked.message, asked.since
    if asked.anywhere:
        first = await history.flow_that_mentions(sql, key=key, message=message, since=since)
    elif message is not None:
        first = await history.flow_of_message(sql, message, since=since)
    else:
        first = await history.flow_begun_with(sql, key or "", since=since)
    return FlowFound(time=first and first[0], correlation=first[1] if first else "")


async def happened(sql: Sql, asked: ListHappened) -> HappenedPage:
    """Returns a page of the inbox or the outbox."""
    read = history.handled_before if asked.log == "inbox" else history.sent_before
    rows = await read(sql, asked.at, asked.seq, limit=asked.limit)
    return HappenedPage(rows=tuple(Happened(**each._asdict()) for each in rows))


async def summarized(sql: Sql, asked: SummarizeFlows) -> FlowsInModule:
    """Returns what some flows come to here."""
    names = asked.correlations
    if not names:
        return FlowsInModule(last={}, messages=())
    messages = await history.messages_in_flows(sql, names) if asked.with_messages else []
    return FlowsInModule(
        last=await history.last_activities(sql, names), messages=tuple(map(_facts, messages))
    )


def _facts(message: history.MessageFacts) -> MessageFacts:
    return MessageFacts(**message._asdict())
