"""Finds the broker of the distributed mode, or starts one.

It takes the configured broker, else one on the default port, else that of the project's compose file,
else a node of an installed RabbitMQ; else the error says what to type. The choice holds as long as the
data folder lives, since messages may wait at that broker.
"""

import json
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from amphibus.cli.broker.node import installed, private_node
from amphibus.cli.compose.passwords import make_missing
from amphibus.cli.output import CommandError, Exit
from amphibus.config.masking import shown
from amphibus.transports.rabbitmq.probe import probe

if TYPE_CHECKING:
    from amphibus.config.settings import Settings

DEFAULT: Final = "amqp://guest:guest@127.0.0.1:5672/"
SERVICE: Final = "rabbitmq"
_WAYS: Final = (
    "one of these, then the same command again:",
    "sudo apt-get install rabbitmq-server        (Debian, Ubuntu)",
    "brew install rabbitmq                       (macOS)",
    "docker run -d -p 5672:5672 rabbitmq:4       (with docker)",
    "amphibus run --mode=distributed --all --amqp amqp://guest:guest@localhost:5672/",
)
_ENGINE_SECONDS: Final = 10.0
_COMPOSE_SECONDS: Final = 300.0

Kind = Literal["set", "default port", "compose", "own"]


@dataclass(frozen=True, slots=True)
class BrokerAt:
    """A broker that can be used, or that is waited for."""

    url: str
    words: str
    """Its place, for people; no secrets."""


@contextmanager
def broker(
    settings: "Settings",
    root: Path,
    tell: Callable[[str], None],
    default: str = DEFAULT,
) -> Iterator[BrokerAt]:
    """Yields the broker to use, for as long as it is used.

    Args:
        settings: name one, or a data folder.
        root: where the compose file is.
        tell: takes a line for people when a broker has to be started.
        default: the address to look at first.

    Raises:
        ConfigError: the configured address is invalid.
        CommandError: there is none, and none can be started here; it says what to type.
    """
    if settings.amqp_url is not None:
        yield _that_is_set(settings)
        return
    with ExitStack() as stack:
        with _interruptible():
            found = _find(stack, settings.data_dir / "broker", root, tell, default)
        yield found


def _that_is_set(settings: "Settings") -> BrokerAt:
    from amphibus.transports.rabbitmq.address import addresses

    assert settings.amqp_url is not None
    url = settings.amqp_url.get_secret_value()
    addresses(url, heartbeat=settings.rabbitmq.heartbeat_seconds)  # raises if it is no address
    return BrokerAt(url, str(shown("amqp_url", settings.amqp_url)))


def _find(
    stack: ExitStack, folder: Path, root: Path, tell: Callable[[str], None], default: str
) -> BrokerAt:
    kind = last_kind(folder) or _available(root, default, tell)
    if kind == "own":
        return stack.enter_context(_own(folder, tell))
    found = _composed(root, tell) if kind == "compose" else _on_default_port(default)
    _remember(folder, kind)
    if probe(found.url) != "lets in":
        place = _place(found.url)
        tell(f"broker   waiting for {place}, which does not answer; messages may wait there")
    return found


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ends a broker that is being started when we are to stop; later, somebody else takes care of it."""
    signals = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(each, signal.default_int_handler) for each in signals]
    try:
        yield
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


def _on_default_port(url: str) -> BrokerAt:
    return BrokerAt(url, f"{_place(url)} (it was there)")


def _place(url: str) -> str:
    return url.rpartition("@")[2].rstrip("/")


def last_kind(folder: Path) -> Kind | None:
    """Returns the kind of broker that this data folder was used with."""
    path = folder / "last.json"
    kind: Kind | None = json.loads(path.read_text())["kind"] if path.exists() else None
    return kind


def left_messages(settings: "Settings", modules: Iterable[str]) -> bool:
    """Returns whether messages for these modules may wait at a broker that was found or started for them."""
    if settings.amqp_url is not None or last_kind(settings.data_dir / "broker") is None:
        return False
    if settings.db_url is not None:
        return True
    from amphibus.admin.database import databases, transport_of

    stores = databases(settings.data_dir)
    return any(transport_of(stores[name]) == "rabbitmq" for name in modules if name in stores)


def _remember(folder: Path, kind: Kind) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "last.json").write_text(json.dumps({"kind": kind}))


@contextmanager
def _own(folder: Path, tell: Callable[[str], None]) -> Iterator[BrokerAt]:
    scripts = installed()
    if scripts is None:
        raise CommandError(
            "RabbitMQ is not installed any more",
            f"messages may wait in {folder}, the data of a node that it ran",
            "sudo apt-get install rabbitmq-server",
            Exit.UNREACHABLE,
        )
    with private_node(folder, scripts, tell) as url:
        _remember(folder, "own")
        yield BrokerAt(url, f"{_place(url)} (started, its data in {folder})")


def _available(root: Path, default: str, tell: Callable[[str], None]) -> Kind:
    said = probe(default)
    if said == "lets in":
        return "default port"
    if said == "refuses":
        tell("broker   the one on the default port does not let guest in; another is started")
    if _can_compose(root):
        return "compose"
    if installed() is not None:
        return "own"
    raise CommandError(
        "there is no broker",
        "none answers on the default port, and neither docker nor RabbitMQ is here to start one",
        "\n        ".join(_WAYS),
        Exit.UNREACHABLE,
    )


def _can_compose(root: Path) -> bool:
    """Returns whether there is a service to start, docker, and an engine that answers; makes its passwords if so."""
    if shutil.which("docker") is None or not (root / "compose.yaml").is_file():
        return False
    try:
        _docker(root, _ENGINE_SECONDS, "info")
        make_missing(root)
        services = _docker(root, _ENGINE_SECONDS, "compose", "config", "--services")
    except (OSError, subprocess.SubprocessError):
        return False
    return SERVICE in services.split()


def _composed(root: Path, tell: Callable[[str], None]) -> BrokerAt:
    tell(f"broker   docker compose up -d {SERVICE}")
    try:
        _docker(root, _COMPOSE_SECONDS, "compose", "up", "-d", "--wait", SERVICE)
        place = _docker(root, _ENGINE_SECONDS, "compose", "port", SERVICE, "5672").strip()
        text = _docker(root, _ENGINE_SECONDS, "compose", "config", "--format", "json")
        environment = json.loads(text)["services"][SERVICE].get("environment") or {}
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        why = getattr(error, "stderr", "") or str(error)
        raise CommandError(
            f"docker compose cannot start {SERVICE}",
            "\n        ".join(why.strip().splitlines()[-5:]),
            f"docker compose up {SERVICE}, or --amqp amqp://guest:guest@localhost:5672/",
            Exit.UNREACHABLE,
        ) from error
    user = environment.get("RABBITMQ_DEFAULT_USER", "guest")
    password = environment.get("RABBITMQ_DEFAULT_PASS", "guest")
    place = place.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - what it is published on
    return BrokerAt(f"amqp://{user}:{password}@{place}/", f"{place} (of compose.yaml)")


def _docker(root: Path, seconds: float, *words: str) -> str:
    return subprocess.run(
        ["docker", *words],
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=True,
    ).stdout
