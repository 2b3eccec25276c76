"""What a storm does to the broker, of one node or of several, and on the ways to it."""

import asyncio
import itertools
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Final

import aiormq
from pamqp.commands import Basic

from amphibus.messages.ids import new_id
from amphibus.routing.project import Project
from amphibus.transports.rabbitmq.names import Names
from tests.faults.month import ROOT
from tests.services.rabbit_cluster import RabbitCluster
from tests.storm.faults import Fault, Stormy, pause
from tests.storm.ways import Way

MODULES: Final = ("catalog", "inventory", "notifications", "orders", "payments", "reporting")
PARTITIONS: Final = 8
_STRANGE: Final = (
    Basic.Properties(),
    Basic.Properties(headers={"ce-specversion": "1.0", "ce-id": [1], "ce-type": 3}),
    Basic.Properties(headers={"ce-id": "1" * 500, "ce-type": "t", "ce-source": "s"}),
    Basic.Properties(headers={"ce-specversion": "1.0", "ce-time": "yesterday"}),
    Basic.Properties(headers={"ce-specversion": "1.0", "ce-id": "a\0b", "ce-type": "t\u2028"}),
    Basic.Properties(headers={"ce-specversion": "1.0", "ce-partitionkey": "\u4e00" * 3_000}),
)


class StormyBroker:
    """A broker, with a way to each of its nodes. Lives as long as one storm."""

    def __init__(self, cluster: RabbitCluster, environment: str) -> None:
        self._cluster = cluster
        self._turn = itertools.cycle(cluster.nodes)
        self._ways = tuple(Way(node.port) for node in cluster.nodes)
        self._names = Names("shop", environment, PARTITIONS, Project.find(ROOT).topology())
        self.strangers: list[str] = []
        """The ids of messages that nobody should have sent."""

    @property
    def url(self) -> str:
        """All nodes, by their ways."""
        url = self._cluster.url
        for node, way in zip(self._cluster.nodes, self._ways, strict=True):
            url = url.replace(f":{node.port}", f":{way.port}")
        return url

    @property
    def has_several_nodes(self) -> bool:
        """Whether work goes on without one of them."""
        return len(self._cluster.nodes) > 1

    def close(self) -> None:
        """Closes the ways."""
        for way in self._ways:
            way.close()

    def faults(self) -> tuple[Fault, ...]:
        """All of them."""
        return (
            self.broker_way_held,
            self.broker_way_silent,
            self.broker_way_cut,
            self.broker_restarted,
            self.broker_killed,
            self.broker_frozen,
            self.queues_full,
            self.exchanges_deleted,
            self.strange_messages,
        )

    @contextmanager
    def without_a_node(self) -> Iterator[None]:
        """The next node in turn is dead; afterwards all are there."""
        node = next(self._turn)
        node.kill()
        try:
            yield
        finally:
            node.start()
            self._cluster.until_whole()

    def broker_way_held(self, _shop: Stormy, dice: Random) -> None:
        """Connections to the broker are half open."""
        for way in self._ways:
            way.hold()
        pause(dice.uniform(2, 12))
        resume = dice.random() < 0.5
        for way in self._ways:
            way.heal(resume=resume)

    def broker_way_silent(self, _shop: Stormy, _dice: Random) -> None:
        """Connections to the broker that there are will never say anything again; new ones work."""
        for way in self._ways:
            way.silence(b"")

    def broker_way_cut(self, _shop: Stormy, dice: Random) -> None:
        """Every connection to the broker is ended, and so is each new one."""
        for way in self._ways:
            way.cut()
        pause(dice.uniform(1, 6))
        for way in self._ways:
            way.heal()

    def broker_restarted(self, _shop: Stormy, _dice: Random) -> None:
        """An operator restarts a node."""
        node = next(self._turn)
        node.stop()
        node.start()
        self._cluster.until_whole()

    def broker_killed(self, _shop: Stormy, _dice: Random) -> None:
        """A node dies and comes back."""
        with self.without_a_node():
            pass

    def broker_frozen(self, _shop: Stormy, dice: Random) -> None:
        """A node stands still."""
        process = next(self._turn)._process
        assert process is not None
        os.killpg(process.pid, signal.SIGSTOP)
        try:
            pause(dice.uniform(2, 9))
        finally:
            os.killpg(process.pid, signal.SIGCONT)
        self._cluster.until_whole()

    def queues_full(self, _shop: Stormy, dice: Random) -> None:
        """The queues of one module take no more than one message each."""
        pattern = f"^{self._names.prefix}{dice.choice(MODULES)}[.]v1[.]p"
        node = self._cluster.nodes[0]
        node.ctl("set_policy", "storm", pattern, '{"max-length":1}', "--apply-to", "queues")
        try:
            pause(dice.uniform(2, 8))
        finally:
            node.ctl("clear_policy", "storm")

    def exchanges_deleted(self, _shop: Stormy, dice: Random) -> None:
        """Somebody deletes exchanges and the queue of the queries of a module."""
        module = dice.choice(MODULES)
        names = self._names
        exchanges = [names.events(module), names.commands(module), names.replies(module)]
        gone = dice.sample(exchanges, dice.randint(1, 3))

        async def delete(channel: aiormq.abc.AbstractChannel) -> None:
            for name in gone:
                await channel.exchange_delete(name)
            if dice.random() < 0.5:
                await channel.queue_delete(names.queries(module))

        self._at_the_broker(delete)

    def strange_messages(self, _shop: Stormy, dice: Random) -> None:
        """Somebody sends what is no message."""

        async def send(channel: aiormq.abc.AbstractChannel) -> None:
            for properties in dice.sample(_STRANGE, dice.randint(1, len(_STRANGE))):
                stranger = f"strange {new_id()}"
                queue = self._names.partition_queue(
                    dice.choice(MODULES), dice.randrange(PARTITIONS)
                )
                given = Basic.Properties(
                    headers=properties.headers, message_id=stranger, delivery_mode=2
                )
                await channel.basic_publish(
                    stranger.encode(), routing_key=queue, properties=given, timeout=10
                )
                self.strangers.append(stranger)

        self._at_the_broker(send)

    def _at_the_broker(self, work: Callable[[aiormq.abc.AbstractChannel], Awaitable[None]]) -> None:
        async def connected() -> None:
            connection = await aiormq.connect(self._cluster.nodes[0].url)
            try:
                await work(await connection.channel())
            finally:
                await connection.close()

        asyncio.run(connected())
