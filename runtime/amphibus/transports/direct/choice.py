"""The choice of a directory by the databases: where those are files it is a folder, on a server it is tables."""

from collections.abc import Sequence

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.messages.envelope import Envelope
from amphibus.messages.system_requests import SYSTEM_REQUESTS
from amphibus.routing.topology import Topology
from amphibus.transports.direct.below import Below
from amphibus.transports.direct.directory import Directory
from amphibus.transports.direct.transport import DirectTransport


def directly(below: Below, topology: Topology, settings: Settings, clock: Clock) -> DirectTransport:
    """Returns a transport whose requests go directly, and whose messages can, with another one below it.

    Args:
        below: what carries the rest.
        topology: of the system.
        settings: of the process.
        clock: of the host.

    Raises:
        ConfigError: a TLS file cannot be used.
    """

    def why_not(module: str, envelope: Envelope) -> str | None:
        known = envelope.type in SYSTEM_REQUESTS or topology.owners.get(envelope.type) == module
        if not known:
            return f"{envelope.type} is no request to {module}"
        return below.doubt(module, envelope)

    return DirectTransport(
        below,
        topology,
        settings,
        clock,
        directory=directory_of(topology.modules, settings),
        doubt=why_not,
    )


def directory_of(modules: Sequence[str], settings: Settings, *, make: bool = True) -> Directory:
    """Returns where the processes of a system announce themselves."""
    if settings.db_url is None:
        from amphibus.transports.direct.file_directory import FileDirectory

        return FileDirectory(settings.data_dir, modules)
    from amphibus.transports.direct.server_directory import ServerDirectory

    return ServerDirectory(settings.db_url.get_secret_value(), modules, make=make)
