"""The choice of a transport: every one that there is, by its name."""

from collections.abc import Callable
from typing import Final

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.errors import ConfigError
from amphibus.nearest import did_you_mean
from amphibus.routing.topology import Topology
from amphibus.transport import Transport

MakeTransport = Callable[[Topology, Settings, Clock], Transport]
OF_MODE: Final = {"monolith": "memory", "distributed": "rabbitmq"}
"""The name of the transport for each mode of `amphibus run`."""
KEEPING: Final = frozenset({"rabbitmq"})
"""Those that keep messages themselves, which are fetched before another transport takes over."""


def of_mode(mode: str, settings: Settings) -> str:
    """Returns the name of the transport for a mode of `amphibus run`."""
    direct = mode == "distributed" and settings.direct.enabled
    return f"{OF_MODE[mode]}+direct" if direct else OF_MODE[mode]


def make(name: str, topology: Topology, settings: Settings, clock: Clock) -> Transport:
    """Returns a new transport, not opened yet.

    Raises:
        ConfigError: there is none of that name, or its settings cannot be used.
    """
    found = TRANSPORTS.get(name)
    if found is None:
        raise ConfigError(
            f"no transport '{name}'",
            f"there are {', '.join(TRANSPORTS)}{did_you_mean(name, TRANSPORTS)}",
            'in a test: Harness.of(..., transport="memory")',
        )
    return found(topology, settings, clock)


def _memory(_topology: Topology, settings: Settings, _clock: Clock) -> Transport:
    from amphibus.transports.memory import MemoryTransport

    return MemoryTransport(settings.bus.partitions)


def _memory_wire(_topology: Topology, settings: Settings, clock: Clock) -> Transport:
    from amphibus.transports.memory_wire import MemoryWireTransport

    return MemoryWireTransport(clock, settings.bus.partitions)


def _rabbitmq(topology: Topology, settings: Settings, clock: Clock) -> Transport:
    from amphibus.transports.rabbitmq.transport import RabbitTransport

    return RabbitTransport(topology, settings, clock)


def _rabbitmq_direct(topology: Topology, settings: Settings, clock: Clock) -> Transport:
    from amphibus.transports.direct.choice import directly
    from amphibus.transports.rabbitmq.transport import RabbitTransport

    rabbit = RabbitTransport(topology, settings, clock, meanwhile="requests go directly")
    return directly(rabbit, topology, settings, clock)


TRANSPORTS: Final[dict[str, MakeTransport]] = {
    "memory": _memory,
    "memory+wire": _memory_wire,
    "rabbitmq": _rabbitmq,
    "rabbitmq+direct": _rabbitmq_direct,
}
"""Each import waits until it is needed: a process in memory loads no client of a broker."""
