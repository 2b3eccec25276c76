"""The options that several commands share, and the search for the project and its data."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter, validators

from amphibus.cli.data_folder import to_begin_in, with_databases
from amphibus.cli.output import CommandError, Exit, unknown
from amphibus.errors import NoProject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amphibus.admin.stores import AdminStore
    from amphibus.config.settings import Settings
    from amphibus.routing.project import Project

DataDir = Annotated[
    Path | None,
    Parameter(name=("--data-dir",), help="Folder of the databases, if not the configured one."),
]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
DryRun = Annotated[
    bool,
    Parameter(name="--dry-run", negative="", help="Print what would be done, and change nothing."),
]
Contract = Annotated[
    str | None,
    Parameter(name="--type", help="Only this contract, such as orders.PlaceOrder.v1."),
]
All = Annotated[bool, Parameter(name="--all", negative="", help="All of them.")]
Db = Annotated[
    str | None,
    Parameter(
        name="--db",
        help="Database server, postgresql://USER@HOST/DATABASE, or @FILE with its address.",
    ),
]
Url = Annotated[
    str | None, Parameter(name="--http", help="Address of a running shop, http://HOST:PORT.")
]

AS_MANY_ROWS: Final = validators.Number(gte=1, lte=1_000_000)
"""The numbers of rows that make sense: who asks for none is not told that there are none."""
Limit = Annotated[int, Parameter(name=("--limit", "-n"), validator=AS_MANY_ROWS)]

_LONGEST_SECONDS: Final = 366 * 86_400
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def project() -> "Project":
    """Returns the project that the current folder lies in.

    Raises:
        NoProject: there is none.
    """
    from amphibus.routing.project import Project

    return Project.find(Path.cwd())


def destinations() -> dict[str, list[str]]:
    """Returns type of a message -> its receivers, as the last `amphibus check --fix` wrote it.

    Nothing is imported for it, so that it is there at once; outside a project it is empty.
    """
    try:
        lock = json.loads((root() / "config" / "topology.lock.json").read_text())
        subscribers: dict[str, list[str]] = lock["subscribers"]
        return subscribers | {name: [owner] for name, owner in lock["owners"].items()}
    except (OSError, ValueError, KeyError, NoProject):
        return {}


def settings(*, mode: str = "monolith", **flags: Any) -> "Settings":
    """Returns the settings of the project that the current folder lies in.

    Raises:
        NoProject: there is none.
        ConfigError: they cannot be used.
    """
    from amphibus.config.settings import load_settings

    return load_settings(root(), mode=mode, flags=flags)


def root() -> Path:
    """Returns the project's root, found without loading the project.

    Raises:
        NoProject: there is none.
    """
    from amphibus.config.root import project_root

    return project_root(Path.cwd())


def data_dir(given: Path | None) -> Path:
    """Returns the folder of the databases: the given one, else the configured one.

    Raises:
        CommandError: the databases are no files, or there are none in the given folder.
    """
    if given is not None:
        return with_databases(given)
    configured = settings()
    if configured.db_url is not None:
        raise CommandError(
            "this command works on SQLite files",
            f"{configured.origin('db_url')} puts the databases on a server; --data-dir names a folder of files",
            "amphibus db status",
            Exit.USAGE,
        )
    return configured.data_dir


def stores(given: Path | None, db: str | None = None) -> dict[str, "AdminStore"]:
    """Returns the modules' databases, by module: on a given server, in a given folder, or the configured ones.

    With both, as with `run`, the server has the databases and the folder the files beside them.

    Raises:
        StoreError: there are none.
        CommandError: there are none in the given folder.
    """
    import asyncio

    from amphibus.admin.database import existing
    from amphibus.admin.stores import files, schemas
    from amphibus.cli.places import known_names

    configured = settings(db_url=db)
    partitions = configured.bus.partitions
    if configured.db_url is not None and (given is None or db is not None):
        url = configured.db_url.get_secret_value()
        return asyncio.run(schemas(url, sorted(known_names(root())), partitions))
    folder = configured.data_dir if given is None else with_databases(given)
    return files(existing(folder), partitions)


def gateway_store(given: Path | None, db: str | None) -> "AdminStore":
    """Returns the database that producers' messages go into; makes a file in the configured folder if there is none.

    Raises:
        StoreError: it cannot be made, or the server cannot be reached.
        CommandError: there is no schema of a gateway on that server, or no shop in the given folder.
    """
    import asyncio

    from amphibus.admin.enqueue import prepare
    from amphibus.admin.stores import FileStore
    from amphibus.cli.places import GATEWAY

    configured = settings(db_url=db)
    if configured.db_url is not None and (given is None or db is not None):
        found = stores(given, db)
        if GATEWAY in found:
            return found[GATEWAY]
        raise CommandError(
            "there is no outbox of a gateway on that server",
            "its schema has not been made, or this user may not read it",
            "amphibus db create && amphibus db upgrade",
        )
    folder = configured.data_dir if given is None else to_begin_in(given)
    return FileStore(asyncio.run(prepare(folder)), configured.bus.partitions)


def store_of(module: str, found: "Mapping[str, AdminStore]") -> "AdminStore":
    """Returns the database of one module.

    Raises:
        CommandError: it has none there.
    """
    if module not in found:
        raise unknown("database of module", module, found, "amphibus db status")
    return found[module]


def base_url(given: str | None) -> str:
    """Returns the address of the shop: the given one, else the configured one."""
    from amphibus.config.addresses import local_url

    if given is not None:
        return given.rstrip("/")
    configured = settings()
    return local_url(configured.host, configured.port)


def seconds(text: str, option: str) -> float:
    """Parses `30s`, `10m`, `2h` or `7d` to seconds.

    Raises:
        CommandError: it is none of them, or no time at all.
    """
    given = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smhd])", text)
    found = float(given[1]) * _UNITS[given[2]] if given else 0.0
    if not 0 < found <= _LONGEST_SECONDS:
        raise CommandError(
            f"{option} cannot be '{text}'",
            "it takes a time up to a year: 30s, 10m, 2h or 7d",
            f"{option} 10m",
            Exit.USAGE,
            change={option: "10m"},
        )
    return found


def instant(text: str) -> int:
    """Parses `2025-01-31`, `2025-01-31T12:00:00Z`, or `30m`, `2h`, `7d` ago, to microseconds since the epoch.

    Raises:
        CommandError: it is neither.
    """
    ago = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    try:
        if ago:
            then = datetime.now(UTC) - timedelta(seconds=float(ago[1]) * _UNITS[ago[2]])
        else:
            then = datetime.fromisoformat(text)
            then = then if then.tzinfo else then.replace(tzinfo=UTC)
        return int(then.timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        raise CommandError(
            f"'{text}' is no time",
            "a time is 2025-01-31, 2025-01-31T12:00:00Z (UTC by default), or 30m, 2h, 7d ago",
            "amphibus replay --help",
            Exit.USAGE,
            change={"--since": "2h"},
        ) from None
