"""Moves a system between the modes with messages in flight: none lost, none handled twice.

Each database records the transport that carried its module's messages last. Messages that the broker
has confirmed are gone from the outboxes and wait in its queues. So before a module is hosted without
a broker, the host empties its queues through its inbox, in their order. The other way needs nothing:
a message that no module has committed is still in an outbox, and the relay takes it to the broker.
"""

import asyncio
from typing import Any

import structlog

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.database.facts import note_transport
from amphibus.errors import ConfigError
from amphibus.host.module_host import ModuleHost
from amphibus.routing.topology import Topology
from amphibus.telemetry.health import Health
from amphibus.transport import Transport
from amphibus.transports.registry import make

_log: Any = structlog.get_logger()
_LOOK_SECONDS = 0.05


async def remember_transport(hosted: ModuleHost, name: str) -> None:
    """Records the transport that carries them from now on. Durable when it returns."""
    connection = hosted.store.writer
    await hosted.store.begin_alone()  # other instances may write it at the same moment
    try:
        await note_transport(connection.sql, name)
    except BaseException:
        await connection.roll_back()
        raise
    await connection.commit()


async def empty_the_broker(
    modules: list[ModuleHost],
    *,
    topology: Topology,
    settings: Settings,
    clock: Clock,
    health: Health,
) -> None:
    """Handles everything that waits for these modules at the broker; they take nothing else meanwhile.

    Raises:
        ConfigError: the broker is not known; nothing was started.
    """
    if settings.amqp_url is None:
        names = ", ".join(hosted.name for hosted in modules)
        raise ConfigError(
            f"messages for {names} may wait at a broker",
            "these modules ran over RabbitMQ the last time, and their queues are emptied first",
            "amphibus run --mode=monolith --amqp amqp://user:password@host:5672/",
        )
    transport = make("rabbitmq", topology, settings, clock)
    for hosted in modules:
        await hosted.writer.start()
        transport.attach(hosted.name, hosted.receiver, hosted.assignment)
    _log.info("broker.emptying", modules=", ".join(hosted.name for hosted in modules))
    await transport.open(health)
    # One more look than needed: handlers send nothing to the broker any more.
    while not (await _empty(transport, modules) and await _empty(transport, modules)):
        await asyncio.sleep(_LOOK_SECONDS)
    for hosted in modules:
        await transport.detach(hosted.name)
    await transport.finish()
    await transport.close()
    for hosted in modules:
        await hosted.writer.drain()
        await hosted.writer.stop()  # it begins anew with its module; two would share one connection
        await remember_transport(hosted, "memory")


async def _empty(transport: Transport, modules: list[ModuleHost]) -> bool:
    return await transport.idle() and all(not hosted.receiver.in_flight for hosted in modules)
