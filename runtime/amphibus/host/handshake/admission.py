"""The parts of one process's handshake, put together."""

from amphibus.host.handshake.handshake import Handshake
from amphibus.host.host import Host
from amphibus.transports.direct.fleet.door import Door
from amphibus.transports.direct.transport import DirectTransport


def handshake_of(host: Host, door: Door) -> Handshake:
    """Returns what admits the process of a host."""
    made = Handshake(
        host.contracts,
        door,
        hosted=host.modules,
        health=host.health,
        clock=host.clock,
        how=host.settings.handshake,
    )
    if host.settings.direct.port and isinstance(host.transport, DirectTransport):
        made.before_work = door.close  # the transport needs its port
    return made
