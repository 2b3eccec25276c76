"""Takes over what a broker had: whatever left a sender for a receiver and has not arrived waits in the outbox again.

The receiver's inbox makes repetitions harmless, so it is right whether the broker still has a message or lost it. The
numbers of the outbox keep the order of each key.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import structlog

from amphibus.admin.under_way import Routes, not_arrived, routes_in, routes_of
from amphibus.database.facts import note_routes, note_takeover, routes_noted
from amphibus.database.outbox import newest_sent, put_in_line
from amphibus.database.sql import Sql
from amphibus.database.store import writing_alone
from amphibus.errors import ConfigError
from amphibus.failpoints import failpoint
from amphibus.host.module_host import ModuleHost
from amphibus.partitions.assignment import partition_of
from amphibus.routing.topology import Topology

_log: Any = structlog.get_logger()
_PIECE: Final = 500


async def take_over(
    modules: Sequence[ModuleHost], topology: Topology, *, broker: str, now: int, known_since: int
) -> None:
    """Puts everything that has not arrived in line again, and notes that no broker carries these modules any more.

    Each sender is one transaction: after a crash the rest is done at the next start.

    Args:
        modules: all senders and receivers.
        topology: the routes that their messages take.
        broker: what is known of it, for the log.
        now: the time, microseconds.
        known_since: the time from which on inboxes remember; before it the receivers' word counts.

    Raises:
        ConfigError: a module is missing, whose messages could not be told from those that have arrived.
    """
    _refuse_part(modules, topology)
    taken: Counter[str] = Counter()
    for sender in modules:
        routes = await routes_in(sender.store.reader, topology)
        async with writing_alone(sender.store) as sql:
            for receiver in modules:
                count = await _put_back(sql, sender, receiver, routes, known_since)
                if count:
                    taken[f"{sender.name} to {receiver.name}"] = count
            failpoint("takeover.before")
            await note_takeover(sql, now)
        failpoint("takeover.after")
    _log.info(
        "broker.taken_over",
        broker=broker,
        messages=taken.total(),
        between=", ".join(f"{pair} {count}" for pair, count in taken.items()),
    )


async def keep_routes(hosted: ModuleHost, topology: Topology) -> None:
    """Notes since when this module's messages go where: an event from before a subscription is not missing there."""
    routes = routes_of(topology)
    noted = await routes_noted(hosted.store.reader)
    if noted is not None and noted.keys() == routes:
        return
    async with writing_alone(hosted.store) as sql:
        noted = await routes_noted(sql)  # once more: a replay may have noted a route meanwhile
        # A database that has noted nothing may be older than this, with messages on their way already.
        beyond = 0 if noted is None else await newest_sent(sql)
        await note_routes(sql, {name: (noted or {}).get(name, beyond) for name in sorted(routes)})


def _refuse_part(modules: Sequence[ModuleHost], topology: Topology) -> None:
    missing = sorted(set(topology.modules) - {hosted.name for hosted in modules})
    if missing:
        raise ConfigError(
            "a part of the modules cannot take over from a broker",
            f"what has not arrived is found in the databases of all of them; {', '.join(missing)} would be missing",
            "amphibus run --mode=monolith --without-broker",
        )


async def _put_back(
    sql: Sql, sender: ModuleHost, receiver: ModuleHost, routes: Routes, known_since: int
) -> int:
    stores, pair = (sender.store.reader, receiver.store.reader), (sender.name, receiver.name)
    lost = [
        (each.seq, partition_of(each.key, each.id, sender.assignment.count))
        async for each in not_arrived(*stores, pair, routes, known_since=known_since)
    ]
    for begin in range(0, len(lost), _PIECE):
        await put_in_line(sql, receiver.name, lost[begin : begin + _PIECE])
        await asyncio.sleep(0)
    return len(lost)
