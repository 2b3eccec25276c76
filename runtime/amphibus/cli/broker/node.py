"""A RabbitMQ node of the project's own, if no other broker runs; its data is under the data folder.

Several processes may use one node; the first starts it, the last stops it. Its port leads to a node
that a killed process left behind.
"""

import contextlib
import fcntl
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from amphibus.cli.output import CommandError, Exit
from amphibus.cli.passwords import write_secret
from amphibus.transports.rabbitmq.probe import probe

FOLDERS: Final = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/sbin")
_BOOT_SECONDS: Final = 180.0
"""A busy machine takes longer than a minute; a node that ends is noticed at once."""
_STOP_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.1
_SHOWN_LINES: Final = 6
_STARTS: Final = 3
_PORT_TAKEN: Final = ("dist_port_already_used", "eaddrinuse")
"""How a node says that it ended because another program listens where it wanted to."""
_CONFIGURATION: Final = """\
listeners.tcp.default = 127.0.0.1:{port}
log.file = false
log.console = true
log.console.level = warning
disk_free_limit.absolute = 50MB
"""


def installed() -> Path | None:
    """Returns the folder of RabbitMQ's scripts.

    The scripts that Debian puts on the path run as another user and lose the environment.
    """
    for folder in FOLDERS:
        if (Path(folder) / "rabbitmq-server").exists():
            return Path(folder)
    found = shutil.which("rabbitmq-server")
    return Path(found).resolve().parent if found else None


@contextmanager
def private_node(folder: Path, scripts: Path, tell: Callable[[str], None]) -> Iterator[str]:
    """Starts a node on a data folder if none runs there; yields its address.

    Raises:
        CommandError: it did not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    node = Node(folder, scripts)
    with (folder / "users.lock").open("ab") as users:
        with _turn(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            if probe(node.url) != "lets in":
                tell(f"broker   starting a RabbitMQ node of its own in {folder}")
                node.start()
        try:
            yield node.url
        finally:
            with _turn(folder):
                if _is_last(users.fileno()):
                    node.stop()


class Node:
    """A node and its data folder, where `node.json` keeps its ports and the name that its data bears."""

    def __init__(self, folder: Path, scripts: Path) -> None:
        self._folder = folder
        self._scripts = scripts
        self._facts = folder / "node.json"
        self._process: subprocess.Popen[bytes] | None = None
        self._known = _facts_in(self._facts)

    @property
    def url(self) -> str:
        """The address of the node; nobody listens there before it was started once."""
        return f"amqp://guest:guest@127.0.0.1:{self._known.get('port', 1)}/"

    def start(self) -> None:
        """Starts the node, at other ports if somebody takes those it chose; returns when it takes connections.

        Raises:
            CommandError: it ended, or was not ready in time.
        """
        said = self._folder / "node.log"
        for tries in range(1, _STARTS + 1):
            try:
                self._start(said)
                break
            except CommandError:
                if tries == _STARTS or not _met_another(said):
                    raise
                self._known = {"name": self._known["name"]}

    def _start(self, said: Path) -> None:
        self._prepare()
        with said.open("wb") as log:
            self._process = subprocess.Popen(
                [self._scripts / "rabbitmq-server"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a signal to us is not meant for it
            )
        try:
            self._until_up(self._process, said)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise

    def stop(self) -> None:
        """Ends the node; returns when it has ended."""
        if probe(self.url) == "away":
            return
        with contextlib.suppress(OSError, ValueError):
            pid = int((self._folder / "pid").read_text())
            os.kill(pid, signal.SIGTERM)
            ends = time.monotonic() + _STOP_SECONDS
            while _lives(pid) and time.monotonic() < ends:
                time.sleep(_LOOK_SECONDS)
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)

    def lose(self) -> None:
        """Kills the node that this process started, and deletes its data, as a disk does that is lost."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._folder / "data")

    def _prepare(self) -> None:
        name = self._known.get("name") or f"amphibus-{secrets.token_hex(4)}@localhost"
        port, distribution = _free_ports(self._known)
        self._known = {"name": name, "port": port, "distribution": distribution}
        write_secret(self._facts, json.dumps(self._known))
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        cookie = home / ".erlang.cookie"
        if not cookie.exists() or not cookie.stat().st_size:
            write_secret(cookie, secrets.token_hex(16))
            cookie.chmod(0o400)
        (self._folder / "rabbitmq.conf").write_text(_CONFIGURATION.format(port=port))

    def _environment(self) -> dict[str, str]:
        at = self._folder
        return os.environ | {
            "HOME": str(at / "home"),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": self._known["name"],
            "RABBITMQ_NODE_PORT": str(self._known["port"]),
            "RABBITMQ_DIST_PORT": str(self._known["distribution"]),
            "RABBITMQ_MNESIA_BASE": str(at / "data"),
            "RABBITMQ_LOG_BASE": str(at / "log"),
            "RABBITMQ_CONFIG_FILE": str(at / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(at / "plugins"),
            "RABBITMQ_PID_FILE": str(at / "pid"),
            "ERL_CRASH_DUMP": str(at / "erl_crash.dump"),
            # Without it, the machine's own file would win.
            "RABBITMQ_CONF_ENV_FILE": str(at / "none.conf"),
            # Other nodes would come over the network, and there are none.
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _until_up(self, process: "subprocess.Popen[bytes]", said: Path) -> None:
        ends = time.monotonic() + _BOOT_SECONDS
        while probe(self.url) != "lets in":
            if process.poll() is not None or time.monotonic() > ends:
                lines = said.read_text(errors="replace").split("\n")
                shown = [line.strip() for line in lines if line.strip()][-_SHOWN_LINES:]
                raise CommandError(
                    "the RabbitMQ node of this project did not start",
                    "\n        ".join(shown) or "it said nothing",
                    f"look into {said}, or name a broker: --amqp amqp://guest:guest@localhost:5672/",
                    Exit.UNREACHABLE,
                )
            time.sleep(_LOOK_SECONDS)


def _facts_in(path: Path) -> dict[str, Any]:
    """Returns what is known of a node; nothing of one that never started.

    Raises:
        CommandError: the file is damaged.
    """
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandError(
            f"{path} cannot be read",
            f"{error}; it names the node whose data lies beside it",
            f"mv {shlex.quote(str(path.parent))} {shlex.quote(f'{path.parent}.aside')}",
        ) from None


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Lets one process at a time start or stop the node."""
    with (folder / "turn.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _met_another(said: Path) -> bool:
    """Returns whether another program took a port between its choice and the node's start."""
    text = said.read_text(errors="replace")
    return any(sign in text for sign in _PORT_TAKEN)


def _is_last(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _free_ports(before: Mapping[str, int]) -> tuple[int, int]:
    """Returns the ports that the node had before, if they are free: its clients look for it there."""
    with socket.socket() as one, socket.socket() as other:
        for each, name in ((one, "port"), (other, "distribution")):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                each.bind(("127.0.0.1", before.get(name, 0)))
            except OSError:
                each.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(other.getsockname()[1])
