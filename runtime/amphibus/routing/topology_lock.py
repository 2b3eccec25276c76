"""`config/topology.lock.json`: the declarations of all modules, for a place that has the code of some.

An image holds the code of one module. It reads here who handles and subscribes to its messages.
"""

from collections.abc import Collection, Mapping
from typing import Any

from amphibus.contract import Message
from amphibus.routing.topology import Topology

_PARTS = {"modules", "owners", "subscribers", "publishes", "sends"}


def elsewhere(
    lock: Any, here: Collection[str], contracts: Mapping[str, type[Message]]
) -> Topology | None:
    """Returns the declarations of the modules that the lock names and that are not here; None if all are here."""
    if not isinstance(lock, dict) or not lock.keys() >= _PARTS:
        return None
    absent = tuple(name for name in lock["modules"] if name not in here)
    if not absent:
        return None
    hearing = {
        event: tuple(name for name in who if name in absent)
        for event, who in lock["subscribers"].items()
    }
    return Topology(
        contracts=contracts,
        owners={name: owner for name, owner in lock["owners"].items() if owner in absent},
        subscribers={event: who for event, who in hearing.items() if who},
        modules=absent,
        publishes={name: tuple(lock["publishes"].get(name, ())) for name in absent},
        sends={name: tuple(lock["sends"].get(name, ())) for name in absent},
    )


def together(one: Topology, other: Topology) -> Topology:
    """Merges two topologies with no module in common; where they differ, the first is right."""
    events = {*one.subscribers, *other.subscribers}
    return Topology(
        contracts=one.contracts,
        owners={**other.owners, **one.owners},
        subscribers={
            event: tuple(
                sorted((*one.subscribers.get(event, ()), *other.subscribers.get(event, ())))
            )
            for event in sorted(events)
        },
        modules=tuple(sorted((*one.modules, *other.modules))),
        publishes={**one.publishes, **other.publishes},
        sends={**one.sends, **other.sends},
    )
