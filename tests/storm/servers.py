"""What a storm does to the database server, and on the way to it."""

import asyncio
import contextlib
from random import Random
from typing import Final

import asyncpg

from amphibus.admin.inspection import on_server
from tests.services.postgres import PostgresCluster
from tests.storm.brokers import MODULES
from tests.storm.faults import Fault, Stormy, pause
from tests.storm.ways import Way

_FULL: Final = """
    CREATE FUNCTION {module}.no_room() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE disk_full USING MESSAGE = 'the disk is full'; END $$
"""
_CUT_SECONDS: Final = 0.05


class StormyServer:
    """A database server, and the way to it. Lives as long as one storm."""

    def __init__(self, server: PostgresCluster, database: str) -> None:
        self._server = server
        self._database = database
        self._way = Way(server.port)

    @property
    def url(self) -> str:
        """The database, by the way."""
        url = self._server.url(self._database)
        return url.replace(f":{self._server.port}", f":{self._way.port}")

    def close(self) -> None:
        """Closes the way."""
        self._way.close()

    def faults(self) -> tuple[Fault, ...]:
        """All of them."""
        return (
            self.server_way_held,
            self.server_way_silent,
            self.server_way_cut,
            self.commits_cut,
            self.sessions_terminated,
            self.server_restarted,
            self.server_killed,
            self.server_full,
        )

    def server_way_held(self, _shop: Stormy, dice: Random) -> None:
        """Connections to the database server are half open."""
        self._way.hold()
        pause(dice.uniform(2, 12))
        self._way.heal(resume=dice.random() < 0.5)

    def server_way_silent(self, _shop: Stormy, _dice: Random) -> None:
        """Connections to the database server will never say anything again; new ones work."""
        self._way.silence(b"")

    def server_way_cut(self, _shop: Stormy, dice: Random) -> None:
        """Every connection to the database server is ended, and so is each new one."""
        self._way.cut()
        pause(dice.uniform(1, 6))
        self._way.heal()

    def commits_cut(self, _shop: Stormy, dice: Random) -> None:
        """Connections end in the middle of their COMMIT, before or after it is carried."""
        way = self._way
        dice.choice((way.cut_commits_after, way.cut_commits_before))()
        pause(dice.uniform(1, 5))
        way.heal()

    def sessions_terminated(self, _shop: Stormy, dice: Random) -> None:
        """An operator ends sessions at random, many times a second."""
        asyncio.run(_terminate(self._server.url(self._database), dice.uniform(2, 6)))

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
        module, url = dice.choice(MODULES), self._server.url(self._database)
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


async def _terminate(url: str, seconds: float) -> None:
    operator = await asyncpg.connect(url, timeout=100)
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
