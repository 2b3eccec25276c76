"""The processes of the system as the gateway lists them: asked anew each time, in its own name."""

from typing import Any

from amphibus.config.settings import Settings
from amphibus.routing.topology import GATEWAY, Topology
from amphibus.transports.direct.fleet.asking import fleet_of
from amphibus.transports.direct.fleet.registry import registry


async def processes_of(topology: Topology, settings: Settings) -> list[dict[str, Any]]:
    """Returns what each process says of itself; none where the directory is away."""
    fleet = fleet_of(topology.modules, settings)
    if fleet is None:
        return []
    try:
        addresses = await fleet.find()
    except Exception:  # noqa: BLE001 - a directory that is away shows nobody
        addresses = []
    try:
        seen = await registry(fleet, addresses, topology.modules, asking=GATEWAY)
    finally:
        await fleet.close()
    return [each.as_json() for each in seen]
