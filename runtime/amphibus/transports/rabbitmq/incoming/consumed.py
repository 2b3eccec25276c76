"""Tells which modules have queues that are not consumed here though the broker is there."""

from collections.abc import Collection, Mapping
from typing import Final

from amphibus.transports.rabbitmq.connection import Broker

_SHOWN: Final = 3


class Consumed:
    """The part of the health that is about consumers. One a process.

    While the broker is away, work is accepted and kept. While it is there and a queue has no consumer, a module
    does not do what it promises, and nothing that is sent to it shows so.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._lacking: set[str] = set()

    def tell(self, missing: Mapping[str, Collection[str]]) -> None:
        """Tells the queues of each module that should be consumed and are not; who is not named lacks none."""
        for module in self._lacking - {module for module, queues in missing.items() if queues}:
            self.forget(module)
        for module, queues in missing.items():
            if queues:
                self._lacking.add(module)
                self._broker.health.lack(_name(module), _why(sorted(queues)))

    def forget(self, module: str) -> None:
        """Lacks nothing more of a module: it is not hosted any more, or the broker is away."""
        self._lacking.discard(module)
        self._broker.health.has(_name(module))


def _name(module: str) -> str:
    return f"consumer:{module}"


def _why(queues: list[str]) -> str:
    shown = ", ".join(queues[:_SHOWN]) + (", …" if len(queues) > _SHOWN else "")
    return f"nothing is taken from {shown}, though the broker is there: look at the queue's node"
