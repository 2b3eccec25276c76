"""The checks before a start; each refusal says what to type instead."""

import errno
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from amphibus.cli.fix import corrected
from amphibus.cli.output import CommandError, Exit, check_module
from amphibus.cli.run.listening import LISTENING
from amphibus.cli.run.running import holder_of
from amphibus.config.addresses import http_url, is_loopback

if TYPE_CHECKING:
    from amphibus.config.settings import Settings


def refuse_contradictions(
    mode: str,
    module: tuple[str, ...],
    *,
    all_: bool,
    instances: int,
    db: str | None,
    takeover: Mapping[str, bool],
) -> None:
    """Refuses options that do not go together; `takeover` has those of one process that takes over from a broker."""
    for option, given in takeover.items():
        if given and (mode != "monolith" or module):
            raise CommandError(
                f"{option} is for all modules in one process",
                "what a broker had is found in the databases of all of them",
                "amphibus run --mode=monolith --without-broker",
                Exit.USAGE,
            )
    if mode == "distributed" and not module and not all_:
        raise CommandError(
            "which modules?",
            "in the distributed mode a process hosts those that --module names, or --all starts them all",
            "amphibus run --mode=distributed --all",
            Exit.USAGE,
        )
    if mode == "auto" and not all_:
        raise CommandError(
            "--mode=auto is for all modules",
            "what a broker had is found in the databases of all of them",
            "amphibus run --all",
            Exit.USAGE,
        )
    if all_ and (mode == "monolith" or module):
        raise CommandError(
            "--all starts a process for each module",
            "it goes with --mode=distributed or --mode=auto, and without --module",
            "amphibus run --mode=distributed --all",
            Exit.USAGE,
        )
    if instances != 1 and (instances < 1 or not all_):
        raise CommandError(
            "--instances is a number from 1 on that goes with --all",
            "it says how many processes each module gets",
            "amphibus run --mode=distributed --all --instances 2 --db postgresql://USER@HOST/DATABASE",
            Exit.USAGE,
        )
    if db is not None and not db.startswith(("postgresql://", "postgres://")):
        raise CommandError(
            "Amphibus does not know this kind of database server",
            "it knows PostgreSQL; without --db it uses SQLite files",
            "amphibus run --db postgresql://USER@HOST/DATABASE",
            Exit.USAGE,
            change={"--db": "postgresql://USER@HOST/DATABASE"},
        )


def refuse_instances_of_files(instances: int) -> None:
    """Refuses several instances on a SQLite file, which has one process."""
    if instances > 1:
        raise CommandError(
            f"{instances} instances of a module cannot share a SQLite file",
            "it serves one; a database on a PostgreSQL server serves any number",
            f"amphibus run --mode=distributed --all --instances {instances}"
            " --db postgresql://USER@HOST/DATABASE",
            Exit.USAGE,
            change={"--db": "postgresql://USER@HOST/DATABASE"},
        )


def refuse_open_address(settings: "Settings") -> None:
    """Refuses to serve a network where nobody says who asks."""
    access = settings.access
    if access.guarded or access.open or is_loopback(http_url(settings.host, settings.port)):
        return
    raise CommandError(
        f"nobody would ask who comes in at {settings.host}",
        "it is an address of a network, and no issuer of tokens is configured ([access] in config/amphibus.toml);"
        " --open lets everybody in with all rights",
        "amphibus run --host 127.0.0.1",
        Exit.USAGE,
        change={"--host": "127.0.0.1"},
    )


def refuse_unknown(names: tuple[str, ...], known: tuple[str, ...]) -> None:
    """A module name that does not exist."""
    for name in names:
        check_module(name, known)


def refuse_unusable_folder(data_dir: Path) -> None:
    """Refuses a data folder that cannot be made."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(
            f"{data_dir} cannot be the data folder",
            f"{error.strerror or error}; it must be a folder that this user may write",
            "amphibus run --data-dir DIR",
        ) from error


def refuse_others_files(modules: tuple[str, ...], data_dir: Path) -> None:
    """Refuses what stands in the place of a database and is none, before anything is made."""
    from amphibus.database.sqlite.files import refuse_others_databases

    refuse_others_databases(modules, data_dir)


def refuse_second_instance(module: str, data_dir: Path) -> None:
    """Refuses a module on a SQLite file that another process has, before its port is found taken."""
    holder = holder_of(module, data_dir)
    if holder is not None:
        raise CommandError(
            f"module {module} is hosted already, by process {holder}",
            f"a SQLite file serves one instance of a module: {data_dir / module}.db;"
            f" kill {holder} stops it. A server serves any number",
            "amphibus run --db postgresql://USER@HOST/DATABASE",
            change={"--db": "postgresql://USER@HOST/DATABASE"},
        )


def refuse_taken_port(host: str, port: int, module: str = "", base: int | None = None) -> None:
    """Refuses a taken port before anything starts; the server itself would say it after all modules."""
    if port == 0 or LISTENING in os.environ:
        return
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, proto) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OverflowError:
        raise CommandError(
            f"there is no port {port} for {module}",
            "ports end at 65535, and each module has one above --port",
            "amphibus run --port 8000",
            Exit.USAGE,
            change={"--port": "8000"},
        ) from None
    except OSError as error:
        raise _cannot_listen(host, port, module, port if base is None else base, error) from error


def _cannot_listen(host: str, port: int, module: str, base: int, error: OSError) -> CommandError:
    reasons = {
        errno.EADDRINUSE: "another program listens there",
        errno.EACCES: "ports below 1024 need more rights",
    }
    whose = f" for {module}" if module else ""
    again = base + 1 if not module or base == port else base + 100
    change = {"--host": "127.0.0.1"}
    if error.errno in reasons:
        change = {"--port": str(again if port > 1023 else 8000)}
    return CommandError(
        f"cannot listen on {http_url(host, port).removeprefix('http://')}{whose}",
        reasons.get(error.errno or 0, error.strerror or str(error)),
        corrected(("run",), change),
        change=change,
    )
