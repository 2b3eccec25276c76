"""Takes over what a broker had: whatever left a sender for a receiver and has not arrived waits in the outbox again.

The receiver's inbox makes repetitions harmless, so it is right whether the broker still has a message or lost it. The
numbers of the outbox keep the order of each key.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import structlog

from amphibus.admin.under_way import Routes, not_arrived, routes_in
from amphibus.clock import as_datetime
from amphibus.database.facts import forgotten_before, note_takeover
from amphibus.database.outbox import HandedOver, put_in_line
from amphibus.database.sql import Sql
from amphibus.database.store import writing_alone
from amphibus.database.upkeep.awaited import said_to_have
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


async def refuse_older(
    modules: Sequence[ModuleHost], topology: Topology, *, known_since: int
) -> None:
    """Refuses a receiver that has said to have what it does not have: its database is older than its peers'.

    Handled again, that would be done twice: what a handler sends has another id then.

    Raises:
        ConfigError: there is one; nothing was changed.
    """
    older: set[str] = set()
    between: list[str] = []
    for sender in modules:
        routes = await routes_in(sender.store.reader, topology)
        for receiver in modules:
            if receiver is sender:
                continue  # it is as old as itself
            lacking = await _lacking(sender, receiver, routes, known_since)
            if lacking:
                older.add(receiver.name)
                between.append(f"{sender.name} to {receiver.name} {_summary(lacking)}")
    if older:
        raise ConfigError(
            f"the database of {', '.join(sorted(older))} is older than those of its peers",
            f"it has said to have messages that it does not have: {'; '.join(between)}; restore the others of the same"
            " backup too, or have these messages handled once more, with all that follows from them: --handle-again",
            "amphibus db restore --from FOLDER",
        )


async def _lacking(
    sender: ModuleHost, receiver: ModuleHost, routes: Routes, known_since: int
) -> list[HandedOver]:
    """The messages that a receiver has said to have, and that it does not have, nor can have forgotten."""
    found: list[HandedOver] = []
    missing = await _missing(sender, receiver, routes, known_since)
    for begin in range(0, len(missing), _PIECE):
        some = missing[begin : begin + _PIECE]
        numbers = [each.seq for each in some]
        said = await said_to_have(sender.store.reader, receiver.name, numbers)
        found += [each for each in some if each.seq in said]
    return found


def _summary(messages: Sequence[HandedOver]) -> str:
    times = [as_datetime(each.time).isoformat(timespec="seconds") for each in messages]
    return f"{len(messages)}, sent from {min(times)} to {max(times)}"


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
    lost = [
        (each.seq, partition_of(each.key, each.id, sender.assignment.count))
        for each in await _missing(sender, receiver, routes, known_since)
    ]
    for begin in range(0, len(lost), _PIECE):
        await put_in_line(sql, receiver.name, lost[begin : begin + _PIECE])
        await asyncio.sleep(0)
    return len(lost)


async def _missing(
    sender: ModuleHost, receiver: ModuleHost, routes: Routes, known_since: int
) -> list[HandedOver]:
    """The messages that have left a sender for a receiver, and have not arrived there."""
    stores, pair = (sender.store.reader, receiver.store.reader), (sender.name, receiver.name)
    known_since = max(known_since, await forgotten_before(receiver.store.reader))
    return [each async for each in not_arrived(*stores, pair, routes, known_since=known_since)]
