"""Nodes of RabbitMQ on this machine that keep their queues together."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.services.rabbitmq import RabbitNode

_WHOLE_SECONDS = 120.0
_LOOK_SECONDS = 0.2


class RabbitCluster:
    """`start` it, stop or kill its `nodes` at will, `destroy` it."""

    def __init__(self, scripts: Path, nodes: int = 3) -> None:
        self.nodes = [RabbitNode(scripts) for _ in range(nodes)]

    @property
    def url(self) -> str:
        """All addresses, the first one with everything that holds for all."""
        first, *others = self.nodes
        return ",".join([first.url, *(f"127.0.0.1:{node.port}" for node in others)])

    def start(self) -> None:
        """Returns when all of them are one cluster."""
        with ThreadPoolExecutor(len(self.nodes)) as apart:
            list(apart.map(RabbitNode.start, self.nodes))
        first, *others = self.nodes
        for node in others:
            for step in (("stop_app",), ("join_cluster", first.name), ("start_app",)):
                node.ctl(*step)
            node.ctl("await_startup", "--timeout", "60")

    def until_whole(self) -> None:
        """Returns when each queue is on all of its nodes, as an operator waits before the next one is taken.

        Raises:
            TimeoutError: that takes too long.
        """
        ends = time.monotonic() + _WHOLE_SECONDS
        while missing := self._not_everywhere():
            if time.monotonic() > ends:
                raise TimeoutError(f"not on all of their nodes: {missing}")
            time.sleep(_LOOK_SECONDS)

    def destroy(self) -> None:
        """Ends all and removes their files."""
        for node in self.nodes:
            node.destroy()

    def _not_everywhere(self) -> list[str]:
        columns = ("name", "members", "online")
        try:
            said = self.nodes[0].ctl("list_queues", "--formatter", "json", *columns)
        except subprocess.CalledProcessError as error:
            return [str(error.stderr)]
        return [
            queue["name"]
            for queue in json.loads(said)
            if set(queue["members"] or ()) != set(queue["online"] or ())
        ]
