"""The choice of a directory by the databases: where those are files it is a folder, on a server it is tables."""

from collections.abc import Sequence

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.messages.envelope import Envelope
from amphibus.messages.system_requests import SYSTEM_REQUESTS
from amphibus.routing.topology import Topology
from amphibus.transport import Transport
from amphibus.transports.direct.directory import Directory
from amphibus.transports.direct.server import Doubt
from amphibus.transports.direct.transport import DirectTransport


def directly(
    below: Transport, topology: Topology, settings: Settings, clock: Clock, *, doubt: Doubt
) -> DirectTransport:
    """Returns a transport whose requests go directly, with another one below it.

    Args:
        below: what carries the rest.
        topology: of the system.
        settings: of the process.
        clock: of the host.
        doubt: returns why a request to a module must not be believed by the rules below, or None.

    Raises:
        ConfigError: a TLS file cannot be used.
    """

    def why_not(module: str, envelope: Envelope) -> str | None:
        known = envelope.type in SYSTEM_REQUESTS or topology.owners.get(envelope.type) == module
        if not known:
            return f"{envelope.type} is no request to {module}"
        return doubt(module, envelope)

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
