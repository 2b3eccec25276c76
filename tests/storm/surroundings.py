"""What a storm does to the broker and to the database server, and on the ways to them."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

import aiormq
import asyncpg
from pamqp.commands import Basic

from amphibus.admin.inspection import on_server
from amphibus.messages.ids import new_id
from amphibus.routing.project import Project
from amphibus.transports.rabbitmq.names import Names
from tests.faults.month import ROOT
from tests.services.postgres import PostgresCluster
from tests.services.rabbitmq import RabbitNode
from tests.storm.faults import Fault, Stormy, pause
from tests.storm.ways import Way

PARTITIONS: Final = 8
_MODULES: Final = ("inventory", "notifications", "orders", "payments", "reporting")
_STRANGE: Final = (
    Basic.Properties(),
    Basic.Properties(headers={"ce-specversion": "1.0", "ce-id": [1], "ce-type": 3}),
    Basic.Properties(headers={"ce-id": "1" * 500, "ce-type": "t", "ce-source": "s"}),
    Basic.Properties(headers={"ce-specversion": "1.0", "ce-time": "yesterday"}),
)
_FULL: Final = """
    CREATE FUNCTION {module}.no_room() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE disk_full USING MESSAGE = 'the disk is full'; END $$
"""
_CUT_SECONDS: Final = 0.05


class Surroundings:
    """A broker node, a database server, and the ways to them. Lives as long as one storm."""

    def __init__(
        self, node: RabbitNode, server: PostgresCluster, database: str, environment: str
    ) -> None:
        self._node = node
        self._server = server
        self._database = database
        self._names = Names("shop", environment, PARTITIONS, Project.find(ROOT).topology())
        self.to_broker = Way(node.port)
        self.to_server = Way(server.port)
        self.strangers: list[str] = []
        """The ids of messages that nobody should have sent."""

    @property
    def amqp_url(self) -> str:
        """The broker, by the way."""
        return self._node.url.replace(f":{self._node.port}", f":{self.to_broker.port}")

    @property
    def db_url(self) -> str:
        """The database, by the way."""
        url = self._server.url(self._database)
        return url.replace(f":{self._server.port}", f":{self.to_server.port}")

    def close(self) -> None:
        """Closes the ways."""
        self.to_broker.close()
        self.to_server.close()

    def faults(self) -> tuple[Fault, ...]:
        """All of them."""
        return (
            self.broker_way_held,
            self.broker_way_silent,
            self.server_way_silent,
            self.broker_way_cut,
            self.broker_restarted,
            self.broker_killed,
            self.broker_frozen,
            self.server_way_held,
            self.server_way_cut,
            self.commits_cut,
            self.sessions_terminated,
            self.server_restarted,
            self.server_killed,
            self.server_full,
            self.queues_full,
            self.exchanges_deleted,
            self.strange_messages,
        )

    def broker_way_held(self, _shop: Stormy, dice: Random) -> None:
        """Connections to the broker are half open."""
        self._held(self.to_broker, dice)

    def server_way_held(self, _shop: Stormy, dice: Random) -> None:
        """Connections to the database server are half open."""
        self._held(self.to_server, dice)

    def broker_way_silent(self, _shop: Stormy, _dice: Random) -> None:
        """Connections to the broker that there are will never say anything again; new ones work."""
        self.to_broker.silence(b"")

    def server_way_silent(self, _shop: Stormy, _dice: Random) -> None:
        """Connections to the database server will never say anything again; new ones work."""
        self.to_server.silence(b"")

    def broker_way_cut(self, _shop: Stormy, dice: Random) -> None:
        """Every connection to the broker is ended, and so is each new one."""
        self._cut(self.to_broker, dice)

    def server_way_cut(self, _shop: Stormy, dice: Random) -> None:
        """Every connection to the database server is ended, and so is each new one."""
        self._cut(self.to_server, dice)

    def commits_cut(self, _shop: Stormy, dice: Random) -> None:
        """Connections end in the middle of their COMMIT, before or after it is carried."""
        way = self.to_server
        dice.choice((way.cut_commits_after, way.cut_commits_before))()
        pause(dice.uniform(1, 5))
        way.heal()

    def sessions_terminated(self, _shop: Stormy, dice: Random) -> None:
        """An operator ends sessions at random, many times a second."""
        asyncio.run(_terminate(self._server.url(self._database), dice.uniform(2, 6)))

    def broker_restarted(self, _shop: Stormy, _dice: Random) -> None:
        """An operator restarts the broker."""
        self._node.stop()
        self._node.start()

    def broker_killed(self, _shop: Stormy, _dice: Random) -> None:
        """The broker dies and comes back."""
        self._node.kill()
        self._node.start()

    def broker_frozen(self, _shop: Stormy, dice: Random) -> None:
        """The broker stands still."""
        process = self._node._process
        assert process is not None
        os.killpg(process.pid, signal.SIGSTOP)
        try:
            pause(dice.uniform(2, 9))
        finally:
            os.killpg(process.pid, signal.SIGCONT)

    def server_restarted(self, _shop: Stormy, _dice: Random) -> None:
        """An operator restarts the database server."""
        self._server.stop()
        self._server.start()

    def server_killed(self, _shop: Stormy, _dice: Random) -> None:
        """The database server dies and comes back."""
        self._server.kill()
        self._server.start()

    def server_full(self, _shop: Stormy, dice: Random) -> None:
        """The server has no room for what one module would note."""
        module, url = dice.choice(_MODULES), self._server.url(self._database)
        on_server(url, module, _FULL.format(module=module))
        try:
            for table in ("inbox", "outbox", "delayed"):
                on_server(
                    url,
                    module,
                    f"CREATE TRIGGER no_room BEFORE INSERT ON {module}.amphibus_{table}"
                    f" EXECUTE FUNCTION {module}.no_room()",
                )
            pause(dice.uniform(2, 8))
        finally:
            on_server(url, module, f"DROP FUNCTION {module}.no_room CASCADE")

    def queues_full(self, _shop: Stormy, dice: Random) -> None:
        """The queues of one module take no more than one message each."""
        module = dice.choice(_MODULES)
        pattern = f"^{self._names.prefix}{module}[.]v1[.]p"
        self._node.ctl("set_policy", "storm", pattern, '{"max-length":1}', "--apply-to", "queues")
        try:
            pause(dice.uniform(2, 8))
        finally:
            self._node.ctl("clear_policy", "storm")

    def exchanges_deleted(self, _shop: Stormy, dice: Random) -> None:
        """Somebody deletes exchanges and the queue of the queries of a module."""
        module = dice.choice(_MODULES)
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
                    dice.choice(_MODULES), dice.randrange(PARTITIONS)
                )
                given = Basic.Properties(
                    headers=properties.headers, message_id=stranger, delivery_mode=2
                )
                await channel.basic_publish(
                    stranger.encode(), routing_key=queue, properties=given, timeout=10
                )
                self.strangers.append(stranger)

        self._at_the_broker(send)

    def _held(self, way: Way, dice: Random) -> None:
        way.hold()
        pause(dice.uniform(2, 12))
        way.heal(resume=dice.random() < 0.5)

    def _cut(self, way: Way, dice: Random) -> None:
        way.cut()
        pause(dice.uniform(1, 6))
        way.heal()

    def _at_the_broker(self, work: Callable[[aiormq.abc.AbstractChannel], Awaitable[None]]) -> None:
        async def connected() -> None:
            connection = await aiormq.connect(self._node.url)
            try:
                await work(await connection.channel())
            finally:
                await connection.close()

        asyncio.run(connected())


async def _terminate(url: str, seconds: float) -> None:
    operator = await asyncpg.connect(url, timeout=10)
    try:
        ends = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < ends:
            with contextlib.suppress(asyncpg.PostgresError):
                await operator.execute(
                    "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " ORDER BY random() LIMIT 2) AS cut"
                )
            await asyncio.sleep(_CUT_SECONDS)
    finally:
        await operator.close()
