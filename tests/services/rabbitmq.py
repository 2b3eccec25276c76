"""A RabbitMQ node of the tests' own, on private ports, stopped and killed at will.

Found installed, else installed with apt when we may. Another version is taken from the folder of
scripts that AMPHIBUS_TEST_RABBITMQ names. Tests that never stop their broker take any, by the URL
in AMPHIBUS_TEST_AMQP.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import aiormq
from aiormq.exceptions import AMQPError

from amphibus.routing.topology import Topology
from amphibus.testing import environment
from amphibus.transports.rabbitmq.names import Exchange, Names, Queue
from tests.services import erlang
from tests.services.installing import installed
from tests.services.ports import free_ports
from tests.services.rabbit_probe import store_a_message

_FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/sbin")
_COOKIE = "amphibus"
_BOOT_SECONDS = 180
_STARTS = 3
_SETTLED_SECONDS = 15
_TAIL_CHARACTERS = 20_000
_PORT_TAKEN = (b"dist_port_already_used", b"eaddrinuse")
GIVEN = "AMPHIBUS_TEST_AMQP"
SCRIPTS = "AMPHIBUS_TEST_RABBITMQ"


class PortTaken(RuntimeError):
    """Another program listens where a node wanted to."""


class RabbitNode:
    """One node; `start` it, `destroy` it."""

    alive: ClassVar[list["RabbitNode"]] = []

    def __init__(self, scripts: Path, certificates: Path | None = None, *, more: str = "") -> None:
        self.alive.append(self)
        self._scripts = scripts
        self._folder = Path(tempfile.mkdtemp(prefix="amphibus-rabbit-"))
        self._certificates = certificates
        self._more = more
        """Lines of its settings."""
        home = self._folder / "home"
        home.mkdir()
        (home / ".erlang.cookie").write_text(_COOKIE)
        (home / ".erlang.cookie").chmod(0o400)
        self._choose_ports()
        self._process: subprocess.Popen[bytes] | None = None
        self._up_since = 0.0

    def _choose_ports(self) -> None:
        self.port, self.tls_port, self._distribution = free_ports(3)
        self._name = f"amphibus{self.port}@localhost"
        (self._folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\n"
            "log.file = false\nlog.console = true\nlog.console.level = warning\n"
            "log.console.use_colors = off\n"
            "disk_free_limit.absolute = 50MB\n" + self._tls(self._certificates) + self._more
        )
        self._environment = os.environ | {
            "HOME": str(self._folder / "home"),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": self._name,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            # Otherwise the machine's own file would win.
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "none.conf"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "ERL_CRASH_DUMP": str(self._folder / "erl_crash.dump"),
        }

    @property
    def url(self) -> str:
        """Where it is."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def name(self) -> str:
        """What other nodes call it."""
        return self._name

    def start(self) -> None:
        """Returns when it takes messages; at once if it runs.

        A node that came up and yet cannot store a message is started again, as its operator would.
        """
        if self._process is not None:
            return
        for _ in range(_STARTS):
            self._boot_somewhere()
            if self._stores_a_message():
                self._up_since = time.monotonic()
                return
            self._end()
        raise RuntimeError(f"RabbitMQ stores no message: {self.said()}")

    def _boot_somewhere(self) -> None:
        """Boots it, elsewhere if its ports were taken meanwhile: one that was never up has no clients yet."""
        for tries in range(1, _STARTS + 1):
            try:
                self._boot()
                break
            except PortTaken:
                if self._up_since or tries == _STARTS:
                    raise
                self._end()
                self._choose_ports()

    def _boot(self) -> None:
        with (self._folder / "node.log").open("ab") as log:
            began = log.tell()
            self._process = subprocess.Popen(
                [self._scripts / "rabbitmq-server"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        ends = time.monotonic() + _BOOT_SECONDS
        while not self._takes_connections():
            if time.monotonic() > ends or self._process.poll() is not None:
                said = (self._folder / "node.log").read_bytes()[began:]
                taken = any(sign in said for sign in _PORT_TAKEN)
                raise (PortTaken if taken else RuntimeError)(f"no RabbitMQ: {self.said()}")
            time.sleep(0.1)

    def _stores_a_message(self) -> bool:
        with ThreadPoolExecutor(1) as apart:  # the caller may have a running loop
            try:
                apart.submit(asyncio.run, store_a_message(self.url)).result(_BOOT_SECONDS)
            except (AMQPError, OSError, TimeoutError):
                return False
        return True

    def stop(self) -> None:
        """Ends it as an operator does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """Ends it as a power failure does, after it has noted which queues it has.

        It does so late. One that is killed within seconds of its start, or of the declaration of a
        queue, never recovers that queue, with 3.10 as with 4.0.
        """
        if self._process is not None:
            with contextlib.suppress(subprocess.CalledProcessError):
                self.evaluate("[ok = dets:sync(Table) || Table <- dets:all()].")
            self._end()

    def lose(self) -> None:
        """Ends it and takes its disk away; the next start finds nothing."""
        self._end()
        shutil.rmtree(self._folder / "mnesia", ignore_errors=True)

    def destroy(self) -> None:
        """Ends it and removes its files."""
        self._end()
        self.alive.remove(self)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def forget(self, folder: Path, topology: Topology, partitions: int = 2) -> None:
        """Removes what a harness left for a folder, unless the node came up just now.

        RabbitMQ 3.10 starts a worker for each queue whose dead letters must not be lost; queues that go
        while theirs starts take all such workers of the node down, and with them every quorum queue.
        """
        if time.monotonic() - self._up_since > _SETTLED_SECONDS:
            await forget(self.url, folder, topology, partitions)

    def said(self) -> str:
        """The end of what the node itself wrote: why it refused something, no client is told."""
        return (self._folder / "node.log").read_text(errors="replace")[-_TAIL_CHARACTERS:]

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints."""
        return subprocess.run(
            [self._scripts / "rabbitmqctl", "-q", "-n", self._name, *arguments],
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def evaluate(self, expression: str) -> None:
        """Evaluates an expression of Erlang in the node."""
        if not erlang.evaluate(expression, self._name, _COOKIE, self._environment):
            self.ctl("eval", expression)

    async def do(self, what: str) -> None:
        """`start`, `stop` or `kill` it while other things go on."""
        await asyncio.to_thread(getattr(self, what))

    def _end(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            # What was waited for is the script that started it; the node may listen a little longer.
            ends = time.monotonic() + _SETTLED_SECONDS
            while self._takes_connections() and time.monotonic() < ends:
                time.sleep(0.01)

    def _tls(self, folder: Path | None) -> str:
        if folder is None:
            return ""
        return (
            f"listeners.ssl.default = 127.0.0.1:{self.tls_port}\n"
            f"ssl_options.cacertfile = {folder}/ca.pem\n"
            f"ssl_options.certfile = {folder}/server.pem\n"
            f"ssl_options.keyfile = {folder}/server.key\n"
            "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n"
        )

    def _takes_connections(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            return True
        return False


def scripts() -> Path:
    """Where RabbitMQ's scripts are: in the folder that is named, or where it is installed."""
    return installed(_find, "rabbitmq-server", f", or set {SCRIPTS} or {GIVEN}")


def broker_url() -> Iterator[str]:
    """The URL of a broker for as long as the tests run: the given one, or one of our own."""
    given = os.environ.get(GIVEN)
    if given:
        yield given
        return
    node = RabbitNode(scripts())
    try:
        node.start()
        yield node.url
    finally:
        node.destroy()


async def forget(url: str, folder: Path, topology: Topology, partitions: int = 2) -> None:
    """Removes what a harness left at a broker for a folder."""
    names = Names("shop", environment(folder), partitions, topology)
    connection = await aiormq.connect(url)
    channel = await connection.channel()
    for each in names.permanent():
        if isinstance(each, Exchange):
            await channel.exchange_delete(each.name, nowait=True)
        elif isinstance(each, Queue):
            await channel.queue_delete(each.name, nowait=True)
    await connection.close()


async def ready(url: str, folder: Path, topology: Topology, module: str, partitions: int) -> int:
    """How many messages wait in the queues of a module of a harness, not taken by anybody."""
    names = Names("shop", environment(folder), partitions, topology)
    connection = await aiormq.connect(url)
    channel = await connection.channel()
    found = 0
    for partition in range(partitions):
        queue = await channel.queue_declare(names.partition_queue(module, partition), passive=True)
        found += queue.message_count or 0
    await connection.close()
    return found


def _find() -> Path | None:
    named = os.environ.get(SCRIPTS)
    for folder in (named,) if named else _FOLDERS:
        if (Path(folder) / "rabbitmq-server").exists():
            return Path(folder)
    return None
