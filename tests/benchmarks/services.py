"""What a run needs around it: a RabbitMQ node and a PostgreSQL cluster of its own, and a folder."""

import asyncio
import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from tests.services.postgres import PostgresCluster, programs
from tests.services.rabbitmq import RabbitNode, scripts


@dataclass
class Services:
    """All of them, running. Durable as in production: what is committed or confirmed is on the disk."""

    folder: Path
    """Removed at the end."""
    rabbit: RabbitNode
    postgres: PostgresCluster
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def amqp_url(self) -> str:
        """The broker."""
        return self.rabbit.url

    async def database(self) -> str:
        """The URL of a new, empty PostgreSQL database."""
        name = f"bench{next(self._numbers)}"
        connection = await asyncpg.connect(self.postgres.url())
        try:
            await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()
        return self.postgres.url(name)

    def place(self, name: str) -> Path:
        """A new folder."""
        made = self.folder / f"{name}-{next(self._numbers)}"
        made.mkdir()
        return made

    def environment(self) -> str:
        """A name at the broker that nobody had before."""
        return f"b{next(self._numbers)}"

    async def versions(self) -> dict[str, str]:
        """Of broker and database."""
        connection = await asyncpg.connect(self.postgres.url())
        try:
            postgres = str(await connection.fetchval("SHOW server_version"))
        finally:
            await connection.close()
        rabbit = await asyncio.to_thread(self.rabbit.ctl, "version")
        return {"rabbitmq": rabbit.strip(), "postgres": postgres}


@contextmanager
def services() -> Iterator[Services]:
    """Starts them, and ends them with the block."""
    rabbit = RabbitNode(scripts())
    try:
        rabbit.start()
        postgres = PostgresCluster(programs(), durable=True)
        try:
            postgres.start()
            with tempfile.TemporaryDirectory(prefix="amphibus-bench-") as folder:
                yield Services(Path(folder), rabbit, postgres)
        finally:
            postgres.destroy()
    finally:
        rabbit.destroy()
