"""`amphibus run`: starts the modules and says where to look."""

import asyncio
import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from pydantic import SecretStr

from amphibus.cli import options
from amphibus.cli.output import CommandError
from amphibus.cli.places import GATEWAY, known_names, port_of
from amphibus.cli.run import start_checks
from amphibus.cli.run.banner import Surface, banner
from amphibus.cli.run.collector import look_less_often
from amphibus.cli.run.listening import inherited
from amphibus.cli.run.open_files import refuse_few_files
from amphibus.cli.run.running import (
    note_address,
    refuse_beside_supervisor,
    refuse_second_shop,
)
from amphibus.cli.run.worker import READY, SUPERVISED

if TYPE_CHECKING:
    from amphibus.config.settings import Settings
    from amphibus.host.host import Host
    from amphibus.routing.project import Project
_OWN_FILES = 0o077
"""Whatever a process writes, and whichever library for it, nobody else on the machine reads it."""


def run(
    *,
    mode: Literal["monolith", "distributed", "auto"] | None = None,
    module: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    all_: Annotated[bool, Parameter(name="--all", negative="")] = False,
    instances: int = 1,
    host: str | None = None,
    port: int | None = None,
    data_dir: Path | None = None,
    db: str | None = None,
    amqp: str | None = None,
    open_: Annotated[bool, Parameter(name="--open", negative="")] = False,
    without_broker: Annotated[bool, Parameter(negative="")] = False,
    handle_again: Annotated[bool, Parameter(negative="")] = False,
    drain: float | None = None,
    handshake: Literal["refuse", "warn"] | None = None,
    reload: Annotated[bool, Parameter(negative="")] = False,
    log_format: Literal["auto", "text", "json"] | None = None,
) -> int:
    """Start the modules: all in one process, unless told otherwise.

    Example: amphibus run --all --port 9000

    Args:
        mode: monolith: all modules in this process; the default. distributed: over a broker.
            auto: with --all, its default: over a broker while there is one, and in one process without.
        module: Host only this module; repeatable. Messages to the others wait.
        all_: A process for each module, started again when it dies.
        instances: With --all and --db: number of processes for each module.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one. In the distributed mode, the gateway's port;
            the others follow it in the order of their names.
        data_dir: Folder of the databases.
        db: Database server instead of SQLite files.
        amqp: Broker of the distributed mode; by default, run finds or starts one.
        open_: Let in everybody who reaches the gateway, with all rights; for networks where that is meant.
        without_broker: With --mode=monolith, after the distributed mode: do not ask the broker; what it had
            is derived from the databases. Only what programs outside sent stays there.
        handle_again: With --mode=monolith, after the distributed mode: handle once more what a database has lost
            that was restored alone, with all that follows from it; without it, such a start is refused.
        drain: Seconds that a stop waits for running work.
        handshake: refuse: take no work while the contracts do not fit live processes or stored messages; the
            default. warn: say so and work.
        reload: Restart when a file under contracts/, modules/ or config/ changes.
        log_format: auto means text on a terminal and JSON elsewhere.
    """
    began = time.perf_counter()
    mode = mode or ("auto" if all_ else "monolith")
    start_checks.refuse_contradictions(
        mode,
        module,
        all_=all_,
        instances=instances,
        db=db,
        takeover={"--without-broker": without_broker, "--handle-again": handle_again},
    )
    if reload:
        from amphibus.cli.run.reload import run_and_reload

        return run_and_reload(options.root())
    settings = options.settings(
        mode="distributed" if mode == "auto" else mode,
        host=host,
        port=port,
        data_dir=data_dir,
        db_url=db,
        amqp_url=amqp,
        without_broker=without_broker or None,
        handle_again=handle_again or None,
        drain_seconds=drain,
        handshake=handshake,
        log_format=log_format,
        **{"access.open": open_ or None},
    )
    os.umask(_OWN_FILES)
    if settings.db_url is None:
        start_checks.refuse_instances_of_files(instances)
    if not module or GATEWAY in module:
        start_checks.refuse_open_address(settings)
    if all_:
        from amphibus.cli.run.supervisor import supervise

        refuse_few_files(1)  # each process has one module, and this one's limit
        start_checks.refuse_unusable_folder(settings.data_dir)
        return supervise(options.root(), settings, instances, began, auto=mode == "auto")
    project = options.project()
    chosen = _chosen(project, module)
    refuse_few_files(len(chosen))
    if mode == "distributed":
        return _run_among_others(project, settings, chosen, began)
    return _run_monolith(project, settings, chosen, began)


def _run_monolith(
    project: "Project", settings: "Settings", chosen: tuple[str, ...], began: float
) -> int:
    supervised = _end_with_supervisor()
    if settings.db_url is None:
        if not supervised:
            refuse_beside_supervisor(settings.data_dir, settings.port)
        refuse_second_shop(chosen, settings.data_dir, settings.port)
        start_checks.refuse_others_files(chosen, settings.data_dir)
    if GATEWAY in chosen:
        start_checks.refuse_taken_port(settings.host, settings.port)
    start_checks.refuse_unusable_folder(settings.data_dir)

    def on_ready(host: "Host") -> None:
        if GATEWAY in chosen:
            note_address(settings.data_dir, host.url)
        surface = Surface("monolith", "memory", host.url, chosen)
        text = banner(settings, surface, time.perf_counter() - began)
        print(f"{READY}{host.url}" if supervised else text, flush=True)

    from amphibus.cli.broker.start import broker, left_messages

    if settings.without_broker or not left_messages(settings, chosen):
        return _serve(project, settings, chosen, "monolith", on_ready)
    # Messages at the broker are handled first; a broker found or started for us is found or started again.
    with ExitStack() as stack:
        try:
            found = broker(settings, project.root, lambda line: print(line, flush=True))
            known: dict[str, Any] = {"amqp_url": SecretStr(stack.enter_context(found).url)}
        except CommandError as error:
            if len(chosen) < len(project.modules):
                raise
            print(f"broker   {error.what}; what it had is taken from the databases", flush=True)
            known = {"without_broker": True}
        return _serve(project, settings.model_copy(update=known), chosen, "monolith", on_ready)


def _run_among_others(
    project: "Project", settings: "Settings", chosen: tuple[str, ...], began: float
) -> int:
    """Runs these modules over a broker; the others are processes of their own, now or later."""
    from amphibus.cli.broker.start import broker

    port = port_of(chosen, known_names(project.root), settings.port)
    start_checks.refuse_unusable_folder(settings.data_dir)
    if settings.db_url is None:
        for name in chosen:
            start_checks.refuse_second_instance(name, settings.data_dir)
        start_checks.refuse_others_files(chosen, settings.data_dir)
    start_checks.refuse_taken_port(settings.host, port, ", ".join(chosen), settings.port)
    supervised = _end_with_supervisor()
    with broker(settings, project.root, lambda line: print(line, flush=True)) as found:
        placed = settings.model_copy(update={"port": port, "amqp_url": SecretStr(found.url)})

        def on_ready(host: "Host") -> None:
            lacking = "; ".join(f"{name}: {why}" for name, why in host.health.reasons().items())
            surface = Surface(
                "distributed",
                "rabbitmq",
                host.url,
                chosen,
                lacking=lacking,
                broker=found.words,
                senders=host.health.notes.get("senders", ""),
            )
            text = banner(settings, surface, time.perf_counter() - began)
            print(f"{READY}{host.url}" if supervised else text, flush=True)

        return _serve(project, placed, chosen, "distributed", on_ready)


def _serve(
    project: "Project", settings: "Settings", chosen: tuple[str, ...], mode: str, on_ready: Any
) -> int:
    from amphibus.host.serve import serve

    def ready(host: "Host") -> None:
        on_ready(host)
        look_less_often()

    serving = serve(
        project,
        settings,
        chosen,
        mode=mode,
        on_ready=ready,
        sockets=inherited(),
        again_on_change=SUPERVISED in os.environ,
    )
    try:
        import uvloop
    except ImportError:
        return asyncio.run(serving)
    return uvloop.run(serving)


def _end_with_supervisor() -> bool:
    """Ends this process with its supervisor; returns whether it has one."""
    supervised = SUPERVISED in os.environ
    if supervised:
        threading.Thread(target=_end_with_input, daemon=True).start()
    return supervised


def _end_with_input() -> None:
    """Ends this process when its standard input is closed, as it is by a supervisor that is killed."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _chosen(project: "Project", names: tuple[str, ...]) -> tuple[str, ...]:
    known = tuple(project.modules)
    start_checks.refuse_unknown(names, known)
    return tuple(name for name in known if name in names) if names else known
