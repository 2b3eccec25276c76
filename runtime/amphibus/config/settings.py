"""The settings and their defaults; `config.layers` reads the layers.

Defaults < `config/amphibus.toml` < `config/<mode>.toml` < environment `AMPHIBUS_…` < flags.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from amphibus.clock import DAY
from amphibus.config.access import AccessSettings
from amphibus.config.gateway import GatewaySettings
from amphibus.config.hot import Hot
from amphibus.config.http import HttpSettings
from amphibus.config.layers import read_layers
from amphibus.config.section import Positive, Seconds, Section
from amphibus.config.signatures import SignatureSettings
from amphibus.config.webhooks import IncomingSettings, WebhookName, WebhookSettings

LogFormat = Literal["auto", "text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
Days = Annotated[float, Field(gt=0, le=3_650)]


def _name(given: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9-]{0,30}", given) is None:
        raise PydanticCustomError(
            "name", "must begin with a small letter, and go on with up to 30 of a-z, 0-9 and -"
        )
    return given


Name = Annotated[str, AfterValidator(_name)]


def _switch(given: Any) -> Any:
    """`on` and `off` may be said as true and false."""
    return {True: "on", "true": "on", False: "off", "false": "off"}.get(given, given)


class BusSettings(Section):
    """The settings for carrying and handling messages."""

    window: Annotated[Positive, Hot("messages")] = 256
    """Most messages under way to one destination: the backpressure of a relay."""
    batch: Annotated[int, Field(ge=1, le=10_000), Hot("messages")] = 64
    """Most messages handled in one commit."""
    commit_delay_seconds: Annotated[float, Field(ge=0, le=1), Hot()] = 0.005
    """Time that a commit waits for more messages, in the distributed mode, while messages of several flows come
    close together; 0: never."""
    handler_timeout_seconds: Seconds = 60.0
    """Time limit of a handler in its transaction, which holds up all others of its module; then it has
    failed. A handler that blocks the thread cannot be interrupted, and holds up its whole process."""
    blocked_after_seconds: Annotated[float, Field(ge=0, le=3_600)] = 1.0
    """Time for which code may hold the event loop, before the log names it with its stack; 0: never."""
    query_timeout_seconds: Annotated[Seconds, Hot()] = 30.0
    """Time limit of a query's handler; then who asked is told so."""
    query_concurrency: Annotated[Positive, Hot("queries")] = 64
    """Most queries of a module at once, half of them of one type; more wait for their turn."""
    quick_retries: Annotated[int, Field(ge=0, le=100), Hot("attempts")] = 2
    """Tries at once after a failure, before the message is delayed."""
    max_attempts: Annotated[Positive, Hot("attempts")] = 8
    """Attempts until a message is dead."""
    retry_first_seconds: Annotated[Seconds, Hot()] = 1.0
    """Wait before the first delayed retry."""
    retry_factor: Annotated[float, Field(ge=1, le=100), Hot()] = 2.0
    """Growth of each wait over the one before."""
    retry_limit_seconds: Annotated[Seconds, Hot()] = 300.0
    """Longest wait between two retries."""
    retry_jitter: Annotated[float, Field(ge=0, le=1), Hot("part of one")] = 0.2
    """Part of each wait that is random, so that retries do not come in step."""
    outside_concurrency: Annotated[Positive, Hot("calls")] = 32
    """Most calls of a module to the outside at once."""
    fallback_after_seconds: Seconds = 15.0
    """Time that a broker may be away, before `--mode=auto`, or a monolith that takes over, goes on without it."""
    return_after_seconds: Seconds = 60.0
    """Time that a broker must have been there again, before `--mode=auto` gives back to it."""
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 1.0
    """Interval at which the relay looks for work that nobody woke it for."""
    body_limit_bytes: Positive = 4_194_304
    """Largest payload of a message."""
    partitions: Annotated[int, Field(ge=1, le=256)] = 8
    """Parts of a module's work, in its tables and its queues; the same everywhere, and for good."""


class RabbitSettings(Section):
    """The settings of the broker, in the distributed mode."""

    prefetch: Annotated[int, Field(ge=1, le=10_000), Hot("messages")] = 100
    """Most messages that a partition has under way here; the broker's prefetch (QoS). Fewer where so many of
    `bus.body_limit_bytes` would be more than 512 MiB."""
    confirm_timeout_seconds: Seconds = 5.0
    """Time that the broker may take for a publisher confirm, before the message is published again."""
    heartbeat_seconds: Annotated[int, Field(ge=1, le=600)] = 20
    """Interval at which both sides show that they live; three missed heartbeats end a connection."""
    verify_senders: Annotated[Literal["auto", "on", "off"], BeforeValidator(_switch)] = "auto"
    """Refuse messages whose broker user is not that of the module they name. `auto`: where the module has a user of
    its own, which is `<app>.<env>.<module>`."""
    tls_ca_file: Path | None = None
    """Certificates that an `amqps://` broker's own is checked against; the system's if not set."""
    tls_certificate_file: Path | None = None
    """Our certificate, for a broker that asks for it."""
    tls_key_file: Path | None = None
    """The key of our certificate."""


class DirectSettings(Section):
    """The settings of requests from process to process, in the distributed mode."""

    enabled: bool = True
    """Queries and decided commands go directly; else over the broker alone."""
    messages: Annotated[Literal["auto", "on", "off"], BeforeValidator(_switch)] = "auto"
    """Stored messages go directly too while the broker is away; `auto`: where the databases are files."""
    host: str = "127.0.0.1"
    """Address that other processes are answered at; of another machine's too only where it can be reached there."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """Port of that address; 0 takes a free one, which the others are told."""
    advertise: str = ""
    """Name or address that the others are told, where it is not `direct.host`. Of `0.0.0.0`: the machine's name."""
    tls_certificate_file: Path | None = None
    """Certificate of this process, which both sides show; with it, connections are encrypted."""
    tls_key_file: Path | None = None
    """The key of that certificate."""
    tls_ca_file: Path | None = None
    """Certificates that the other side's is checked against; the system's if not set."""

    @model_validator(mode="after")
    def _files_belong_together(self) -> Self:
        if self.tls_certificate_file is None and (self.tls_key_file or self.tls_ca_file):
            raise ValueError("tls_key_file and tls_ca_file need a tls_certificate_file")
        return self


class ProducerSettings(Section):
    """`[producers.<name>]`: a program outside, which sends under its own name and as its own broker user."""

    sends: tuple[str, ...] = ()
    """Commands that it may send, such as `orders.PlaceOrder.v1`."""
    subscribes: tuple[str, ...] = ()
    """Events that a queue of its own collects for it, until it takes them."""
    purposes: tuple[str, ...] = ()
    """The purposes for which it takes personal data, in the words of the contracts that bring it."""


class RetentionSettings(Section):
    """The time for which handled messages and sent events are kept."""

    retain_days: Annotated[Days, Hot()] = 7.0
    """Handled bodies and sent events: what can be shown and replayed."""
    inbox_retention_days: Days = 30.0
    """Ids of handled messages: for so long the same message sent again changes nothing."""
    dead_letter_days: Annotated[float, Field(ge=0, le=3_650), Hot()] = 90.0
    """Dead letters that nobody looked after, then given up as by `amphibus dead discard`; 0: kept for ever. One that
    blocks its key is always kept."""
    prune_batch: Positive = 500
    """Rows removed in one transaction."""
    prune_every_seconds: Seconds = 60.0
    """Interval between two searches for rows to remove."""

    @property
    def dedup_window(self) -> int:
        """Microseconds for which a message that was handled is known."""
        return int(self.inbox_retention_days * DAY)

    @model_validator(mode="after")
    def _ids_outlive_bodies(self) -> Self:
        if self.inbox_retention_days < self.retain_days:
            raise ValueError(
                f"inbox_retention_days ({self.inbox_retention_days:g}) is shorter than "
                f"retain_days ({self.retain_days:g}): what is replayed could be done twice"
            )
        return self


class Settings(Section):
    """All settings. `load_settings` makes them once; they are passed on and never change."""

    app: Name = "shop"
    """Name of the system; names at the broker start with it."""
    env: Name = "dev"
    """Name of the environment; names at the broker go on with it."""
    host: str = "127.0.0.1"
    """Address that the gateway listens on."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    """Port that the gateway listens on; 0 takes a free one."""
    data_dir: Path = Path("var")
    """Folder of the databases, absolute once loaded: files mean it from the project's root, flags
    and variables from the current folder."""
    db_url: SecretStr | None = None
    """Database server instead of SQLite files."""
    amqp_url: SecretStr | None = None
    """Broker of the distributed mode."""
    fallback_since: str = ""
    """Set by the supervisor of `--mode=auto`: since when this process works in the place of a broker's services."""
    without_broker: bool = False
    """The monolith takes over from a broker without asking it, from the databases alone."""
    handle_again: bool = False
    """The takeover from a broker has messages handled again that a restored database has lost."""
    log_format: LogFormat = "auto"
    """`auto` is text on a terminal and JSON elsewhere."""
    log_level: Annotated[LogLevel, Hot()] = "info"
    """Least level that is logged."""
    log_levels: Annotated[Mapping[str, LogLevel], Hot()] = {}
    """`[log_levels]`: least levels of the lines about single modules, by the names of the modules."""
    drain_seconds: Seconds = 10.0
    """Time that a stop waits for running work."""
    handshake: Literal["refuse", "warn"] = "refuse"
    """`refuse`: a process whose contracts do not fit live processes or stored messages takes no work; `warn`: it says
    so and works."""
    demo: str = ""
    """Python module of the project that implements `amphibus demo`."""
    gateway: GatewaySettings = GatewaySettings()
    """The settings of the HTTP side."""
    http: HttpSettings = HttpSettings()
    """The settings of how much a client may ask over HTTP."""
    bus: BusSettings = BusSettings()
    """The settings for carrying and handling messages."""
    rabbitmq: RabbitSettings = RabbitSettings()
    """The settings of the broker, in the distributed mode."""
    direct: DirectSettings = DirectSettings()
    """The settings of requests from process to process, in the distributed mode."""
    access: AccessSettings = AccessSettings()
    """The settings of who may come in over HTTP."""
    signatures: SignatureSettings = SignatureSettings()
    """The settings of signatures, for a broker that others run."""
    retention: RetentionSettings = RetentionSettings()
    """The time for which handled messages and sent events are kept."""
    producers: Mapping[Name, ProducerSettings] = {}
    """`[producers.<name>]`: programs outside with their contracts; `amphibus broker` grants the rights."""
    webhooks: Mapping[WebhookName, WebhookSettings] = {}
    """`[webhooks.<name>]`: endpoints of others that get events over HTTP."""
    incoming_webhooks: Mapping[WebhookName, IncomingSettings] = {}
    """`[incoming_webhooks.<name>]`: posts of other systems that become commands."""
    lint: Mapping[str, Literal["error", "warning", "off"]] = {}
    """`[lint]`: levels of lint rules, by their ids; `amphibus contracts explain L049` shows a rule."""
    modules: Mapping[str, Mapping[str, Any]] = {}
    """`[modules.<name>]`: settings of a module, checked by the model in its container's file."""

    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @property
    def messages_directly(self) -> bool:
        """True if stored messages go from process to process while the broker is away."""
        wanted = self.direct.messages
        return self.direct.enabled and (
            wanted == "on" or (wanted == "auto" and self.db_url is None)
        )

    def origin(self, key: str) -> str:
        """Returns the origin of the value of a dotted key: `default`, a file, a variable or a flag."""
        return self._origins.get(key, "default")

    def come_from(self, origins: Mapping[str, str]) -> None:
        """Takes the origins of its values, by dotted key."""
        self._origins = origins


def load_settings(
    root: Path,
    *,
    mode: str = "monolith",
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Loads the settings of a project.

    Args:
        root: the folder that holds `config/`.
        mode: names the second file, `config/<mode>.toml`, which may be missing.
        flags: dotted key -> value; None stands for a flag that was not given.
        environ: `AMPHIBUS_PORT`, `AMPHIBUS_BUS__WINDOW`, `AMPHIBUS_MODULES__PAYMENTS__…`.

    Raises:
        ConfigError: a file or value is unreadable, unknown or not allowed; names all of them at once.
    """
    values, origins = read_layers(Settings, root, mode, flags or {}, environ)
    settings = Settings.model_validate(values)
    settings.come_from(origins)
    return settings
