"""A small project on a broker of the tests' own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from amphibus.testing import environment
from tests.console.kiosk import write_kiosk
from tests.distributed.commands import Running, free_ports, running
from tests.services.rabbitmq import GIVEN

_FORGET = """
import asyncio, sys
import aiormq
from pathlib import Path
from amphibus.routing.project import Project
from amphibus.transports.rabbitmq.names import Exchange, Names, Queue

async def forget(url, environment):
    connection = await aiormq.connect(url)
    channel = await connection.channel()
    topology = Project.find(Path.cwd()).topology()
    for each in Names("kiosk", environment, 2, topology).permanent():
        if isinstance(each, Exchange):
            await channel.exchange_delete(each.name)
        elif isinstance(each, Queue):
            await channel.queue_delete(each.name)
    await connection.close()

asyncio.run(forget(*sys.argv[1:]))
"""


class Kiosk:
    """A project in a folder of its own, with a name of its own at the broker."""

    def __init__(self, folder: Path, amqp_url: str) -> None:
        self.root = write_kiosk(folder)
        self.data_dir = self.root / "var"
        self.amqp_url = amqp_url
        self.environ: dict[str, str] = {
            "AMPHIBUS_ENV": environment(folder),
            "AMPHIBUS_BUS__PARTITIONS": "2",
        }

    def forget(self) -> None:
        """Removes what it left at a broker that is not ours alone."""
        if GIVEN in os.environ:
            name = self.environ["AMPHIBUS_ENV"]
            command = [sys.executable, "-c", _FORGET, self.amqp_url, name]
            subprocess.run(command, cwd=self.root, check=True)


class Supervised:
    """All modules of a kiosk under a supervisor."""

    def __init__(self, kiosk: Kiosk, command: Running, port: int) -> None:
        self.kiosk = kiosk
        self.command = command
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def pid(self, label: str) -> int:
        """Its process, as the supervisor says; 0 if it has none now."""
        try:
            return int((self.kiosk.data_dir / "run" / f"{label}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return 0


@pytest.fixture
def kiosk(tmp_path: Path, broker: str) -> Iterator[Kiosk]:
    """One whose data folder is empty, and of which nothing runs."""
    made = Kiosk(tmp_path / "kiosk", broker)
    yield made
    made.forget()


@pytest.fixture(scope="module")
def supervised(tmp_path_factory: pytest.TempPathFactory, broker: str) -> Iterator[Supervised]:
    """All of a kiosk, up. Its broker's address comes from a file, as secrets do."""
    folder = tmp_path_factory.mktemp("supervised")
    kiosk = Kiosk(folder / "kiosk", broker)
    secret = folder / "amqp_url"
    secret.write_text(f"{broker}\n")
    port = free_ports(3)
    environ: Mapping[str, str] = kiosk.environ | {"AMPHIBUS_AMQP_URL_FILE": str(secret)}
    options = ("--mode=distributed", "--all", "--port", str(port))
    with running(kiosk.root, *options, environ=environ) as command:
        command.until_said("  Try  ")
        yield Supervised(kiosk, command, port)
        assert command.stop() == 0
    kiosk.forget()
