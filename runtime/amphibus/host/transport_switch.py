"""Moves a system from a broker to one process with messages in flight: none lost, none handled twice.

Each database records the transport that carried its module's messages last. Messages that the broker
has confirmed are gone from the outboxes and wait in its queues. So before modules are hosted without
a broker, the host empties its queues through their inboxes, in their order, if it answers in time; what
programs outside sent lies only there. What is missing then is derived from the databases; see `takeover`.
The other way needs nothing: a message that no module has committed is still in an outbox, and the
relay takes it to the broker; what an old broker still has is a repetition.
"""

import asyncio
import contextlib
import time
from typing import Any

import structlog

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.database.facts import note_transport
from amphibus.database.store import writing_alone
from amphibus.errors import ConfigError
from amphibus.host.ending import Ending
from amphibus.host.module_host import ModuleHost
from amphibus.host.takeover import refuse_older, take_over
from amphibus.messages.timeliness import timely_since
from amphibus.routing.topology import Topology
from amphibus.telemetry.health import Health
from amphibus.transport import Transport
from amphibus.transports.registry import make

_log: Any = structlog.get_logger()
_LOOK_SECONDS = 0.05
_STEP_SECONDS = 2.0
_CLOSING_SECONDS = 6.0


async def remember_transport(hosted: ModuleHost, name: str) -> None:
    """Records the transport that carries them from now on. Durable when it returns."""
    async with writing_alone(
        hosted.store
    ) as sql:  # other instances may write it at the same moment
        await note_transport(sql, name)


async def leave_the_broker(
    modules: list[ModuleHost],
    *,
    topology: Topology,
    settings: Settings,
    clock: Clock,
    health: Health,
) -> None:
    """Takes over everything that waits for these modules at a broker; they take nothing else meanwhile.

    Raises:
        ConfigError: the broker is not known, a module is missing, or a database is older than its peers'; nothing was
            started.
    """
    known_since = timely_since(clock.now(), settings.retention.dedup_window)
    if len(modules) == len(topology.modules) and not settings.handle_again:
        await refuse_older(modules, topology, known_since=known_since)
    if settings.without_broker:
        await _take_over(modules, topology, "not asked", clock, settings)
        return
    if settings.amqp_url is None:
        names = ", ".join(hosted.name for hosted in modules)
        raise ConfigError(
            f"messages for {names} may wait at a broker",
            "these modules ran over RabbitMQ the last time, and their queues are emptied first;"
            " a broker that is gone for good can be left out: --without-broker",
            "amphibus run --mode=monolith --amqp amqp://guest:guest@localhost:5672/",
        )
    transport = make("rabbitmq", topology, settings, clock)
    emptied = await _empty_through(transport, modules, settings.bus.fallback_after_seconds, health)
    if len(modules) == len(topology.modules) or not emptied:
        await _take_over(modules, topology, "emptied" if emptied else "away", clock, settings)
        return
    for hosted in modules:
        await remember_transport(hosted, "memory")


async def _take_over(
    modules: list[ModuleHost], topology: Topology, broker: str, clock: Clock, settings: Settings
) -> None:
    now = clock.now()
    known_since = timely_since(now, settings.retention.dedup_window)
    await take_over(modules, topology, broker=broker, now=now, known_since=known_since)


async def _empty_through(
    transport: Transport, modules: list[ModuleHost], patience: float, health: Health
) -> bool:
    """Handles what waits at the broker; returns whether nothing is left there."""
    _log.info("broker.emptying", modules=", ".join(hosted.name for hosted in modules))
    for hosted in modules:
        await hosted.empty(transport)
    emptied = False
    try:
        async with asyncio.timeout(patience):
            await transport.open(health)
        emptied = await _emptied(transport, modules, patience)
    except TimeoutError:
        pass
    ending = Ending(_CLOSING_SECONDS)
    for hosted in modules:
        await ending.step("the queues", transport.detach(hosted.name), within=_STEP_SECONDS)
    await ending.step("what was handled", transport.finish(), within=_STEP_SECONDS)
    await ending.step("the broker", transport.close(), within=_STEP_SECONDS)
    health.has("broker")
    for hosted in modules:
        await ending.step("the writers", hosted.writer.drain(), within=_STEP_SECONDS)
        await hosted.rest()
    if left := sum(hosted.receiver.in_flight for hosted in modules):
        _log.warning("broker.given_up", unfinished=left, patience_seconds=patience)
    return emptied


async def _emptied(transport: Transport, modules: list[ModuleHost], patience: float) -> bool:
    """Waits while there is progress; gives a broker up that has shown none for some seconds.

    Only what is committed is progress: what is under way may wait for something that does not come before the start.
    """
    seen, ends = -1, time.monotonic() + patience
    while time.monotonic() < ends:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + patience):
                # One more look than needed: handlers send nothing to the broker any more.
                if await _empty(transport, modules) and await _empty(transport, modules):
                    return True
        commits = sum(hosted.writer.commits for hosted in modules)
        if commits != seen:
            seen, ends = commits, time.monotonic() + patience
        await asyncio.sleep(_LOOK_SECONDS)
    return False


async def _empty(transport: Transport, modules: list[ModuleHost]) -> bool:
    return await transport.idle() and all(not hosted.receiver.in_flight for hosted in modules)
