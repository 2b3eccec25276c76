"""The facts of which a document about a system is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from amphibus.config.settings import ProducerSettings, Settings
from amphibus.routing.topology import Topology
from amphibus.transports.rabbitmq.names import Names


@dataclass(frozen=True, slots=True)
class Server:
    """A broker, without secrets."""

    host: str
    """Name and port."""
    vhost: str
    tls: bool


@dataclass(frozen=True, slots=True)
class System:
    """The facts of a system that its documents tell."""

    title: str
    names: Names
    servers: tuple[Server, ...] = ()
    producers: Mapping[str, ProducerSettings] = field(default_factory=dict)

    @property
    def topology(self) -> Topology:
        """The routing table: who takes and sends what."""
        return self.names.topology


def system_of(topology: Topology, settings: Settings) -> System:
    """Returns the system that some settings and a topology describe.

    Raises:
        ConfigError: the broker's address cannot be understood.
    """
    names = Names(settings.app, settings.env, settings.bus.partitions, topology)
    return System(settings.app, names, _servers(settings), settings.producers)


def _servers(settings: Settings) -> tuple[Server, ...]:
    if settings.amqp_url is None:
        return ()
    # Its library is there where a broker is used, and need not be elsewhere.
    from amphibus.transports.rabbitmq.address import addresses

    found = addresses(
        settings.amqp_url.get_secret_value(), heartbeat=settings.rabbitmq.heartbeat_seconds
    )
    return tuple(
        Server(f"{url.host}:{url.port}", url.path.removeprefix("/") or "/", url.scheme == "amqps")
        for url in found
    )
