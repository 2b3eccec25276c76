"""Declares the queue that collects events for a program outside, on a broker where nobody else does it."""

from collections.abc import Iterable
from typing import Final

from aiormq import Connection
from aiormq.exceptions import AMQPError

from amphibus.config.settings import ProducerSettings
from amphibus.errors import ConfigError
from amphibus.routing.topology import Topology
from amphibus.transports.rabbitmq.address import addresses
from amphibus.transports.rabbitmq.declare import declare_all
from amphibus.transports.rabbitmq.names import Exchange, Names
from amphibus.transports.rabbitmq.rights.permissions import events_of, outside

_HEARTBEAT_SECONDS: Final = 20


def names_of_system(app: str, env: str) -> Names:
    """Returns the names at the broker, for who knows none of its modules."""
    return Names(app, env, 1, Topology({}, {}, {}))


def queue_of_events(app: str, env: str, program: str) -> str:
    """Returns the queue that collects the events to which a program outside subscribes."""
    return events_of(names_of_system(app, env), program)


async def collect_events(
    url: str, *, app: str, env: str, program: str, events: Iterable[str]
) -> None:
    """Lets the broker collect events for a program from now on. What is there already stays as it is.

    Raises:
        ConfigError: the broker is away, or does not allow it.
    """
    names = names_of_system(app, env)
    wanted = tuple(sorted(events))
    owners = sorted({each.partition(".")[0] for each in wanted})
    things = [
        *(Exchange(names.events(owner)) for owner in owners),
        *outside(names, {program: ProducerSettings(subscribes=wanted)}),
    ]
    connection = Connection(addresses(url, heartbeat=_HEARTBEAT_SECONDS)[0])
    try:
        await connection.connect()
        try:
            await declare_all(connection, things)
        finally:
            await connection.close()
    except (AMQPError, OSError) as error:
        raise ConfigError(
            f"the broker collects no events for {program}",
            str(error) or type(error).__name__,
            "start it, or declare the program under [producers] and type: amphibus broker apply",
        ) from None
