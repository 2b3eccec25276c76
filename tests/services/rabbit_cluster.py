"""Three nodes of RabbitMQ on this machine that keep their queues together."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.services.rabbitmq import RabbitNode

_NODES = 3


class RabbitCluster:
    """`start` it, stop or kill its `nodes` at will, `destroy` it."""

    def __init__(self, scripts: Path) -> None:
        self.nodes = [RabbitNode(scripts) for _ in range(_NODES)]

    @property
    def url(self) -> str:
        """All addresses, the first one with everything that holds for all."""
        first, *others = self.nodes
        return ",".join([first.url, *(f"127.0.0.1:{node.port}" for node in others)])

    def start(self) -> None:
        """Returns when all of them are one cluster."""
        with ThreadPoolExecutor(_NODES) as apart:
            list(apart.map(RabbitNode.start, self.nodes))
        first, *others = self.nodes
        for node in others:
            for step in (("stop_app",), ("join_cluster", first.name), ("start_app",)):
                node.ctl(*step)
            node.ctl("await_startup", "--timeout", "60")

    def destroy(self) -> None:
        """Ends all and removes their files."""
        for node in self.nodes:
            node.destroy()
