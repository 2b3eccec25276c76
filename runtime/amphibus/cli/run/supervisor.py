"""`amphibus run --all`: the modules as processes that are kept alive, over a broker while there is one.

While the broker is away the processes send each other their messages directly. Where they may not, `--mode=auto`
changes the shape: one process runs all modules, on the same databases, and gives back to separate processes when
the broker has been there again for a while.
"""

import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amphibus.cli.broker.start import BrokerAt, broker
from amphibus.cli.output import CommandError
from amphibus.cli.places import GATEWAY, Place, module_names, places
from amphibus.cli.run.broker_watch import BrokerWatch
from amphibus.cli.run.changing import ShapeChange, change_of
from amphibus.cli.run.listening import Sockets
from amphibus.cli.run.process_logs import ProcessLogs
from amphibus.cli.run.running import (
    RUN_DIR,
    SUPERVISOR_LOCK,
    already_running,
    refuse_second_shop,
)
from amphibus.cli.run.shape import Shape, Way
from amphibus.cli.run.start_checks import refuse_others_files, refuse_taken_port
from amphibus.cli.run.worker import Worker
from amphibus.connections.sockets import listening

if TYPE_CHECKING:
    from amphibus.config.settings import Settings

_ALONE: Final = "monolith"
_CHANGE: Final = None
"""In the place of an exit code: the other shape follows."""
_MARGIN_SECONDS: Final = 6.0
"""The time that a process may take to end after it has drained, and a second more."""
_HASTE_SECONDS: Final = 3.0
"""The time of a stop whose broker is gone: what is unfinished is in the databases."""
_AGAIN_SECONDS: Final = 5.0


def supervise(
    root: Path, settings: "Settings", instances: int, began: float, *, auto: bool = False
) -> int:
    """Runs all modules until it is told to stop; returns the exit code.

    Args:
        root: of the project.
        settings: of the distributed mode.
        instances: processes for each module.
        began: the time of the command, by `time.perf_counter`.
        auto: change to one process, and back, with the broker.

    Raises:
        CommandError: no broker, or the same data folder is supervised already.
    """
    run_dir = settings.data_dir / RUN_DIR
    planned = places(root, settings.port, instances)
    if settings.db_url is None:
        refuse_others_files(tuple({each.module for each in planned}), settings.data_dir)
    with _only_one(run_dir, settings.port), ExitStack() as stack:
        if settings.db_url is None:
            modules = (each.module for each in planned)
            refuse_second_shop(modules, settings.data_dir, settings.port)
        for each in planned:
            refuse_taken_port(settings.host, each.port, each.label, settings.port)
        try:
            found: BrokerAt | None = stack.enter_context(broker(settings, root, _tell))
        except CommandError as error:
            if not auto:
                raise
            _tell(f"broker   {error.what}; all modules run in one process")
            found = None
        supervisor = _Supervisor(root, settings, _listened(stack, settings.host, planned), found)
        return asyncio.run(supervisor.run(began, auto=auto))


def _listened(stack: ExitStack, host: str, planned: Sequence[Place]) -> dict[Place, Sockets]:
    """Listens for the gateways, which keep their addresses in every shape; returns what each place inherits."""
    made: dict[Place, Sockets] = {}
    for place in planned:
        if place.module == GATEWAY:
            sockets = [stack.enter_context(each) for each in listening(host, place.port)]
            made[replace(place, base_port=sockets[0].getsockname()[1])] = sockets
        else:
            made[place] = ()
    return made


def _tell(line: str) -> None:
    print(line, flush=True)


class _Supervisor:
    """The shapes of one `run` command, one after the other. Lives as long as the command."""

    def __init__(
        self,
        root: Path,
        settings: "Settings",
        planned: Mapping[Place, Sockets],
        found: BrokerAt | None,
    ) -> None:
        self._root = root
        self._settings = settings
        self._planned = planned
        self._broker = found
        self._failed = False
        """Whether the last shape did not start."""
        labels = [place.label for place in planned]
        self._logs = ProcessLogs(settings.data_dir, [*labels, _ALONE], settings.log_format)

    async def run(self, began: float, *, auto: bool) -> int:
        stop = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(each, stop.set)
        stopping = asyncio.create_task(stop.wait())
        # Messages go directly from process to process while the broker is away, and none of these has to end.
        change = None
        if auto and self._broker is not None and not self._settings.messages_directly:
            change = change_of(self._settings, self._broker.url, self._planned, self._say_stay)
        apart = self._broker is not None
        code = None
        try:
            code = await self._live(stopping, change, began, apart=apart)
            while code is _CHANGE:
                apart = not apart
                code = await self._live_on(stopping, change, apart=apart)
        finally:
            stopping.cancel()
            self._logs.close()
        return code

    async def _live_on(
        self, stopping: "asyncio.Task[bool]", change: ShapeChange | None, *, apart: bool
    ) -> int | None:
        """Runs the shape that follows another. One that does not start gives back to that at once, for longer.

        One process may be refused by services on another machine; the services may lack what has become of a port.
        """
        code = await self._live(stopping, change, time.perf_counter(), apart=apart)
        if code is _CHANGE or stopping.done() or change is None:
            self._failed = False
            return code
        if self._failed:  # neither starts
            await asyncio.wait((stopping,), timeout=_AGAIN_SECONDS)
        if stopping.done():
            return 0
        self._failed = True
        change.failed(apart=apart)
        self._say_change(f"{'the services' if apart else 'it'} did not start", apart=apart)
        return _CHANGE

    async def _live(
        self,
        stopping: "asyncio.Task[bool]",
        change: ShapeChange | None,
        began: float,
        *,
        apart: bool,
    ) -> int | None:
        """Runs one shape; returns the exit code of the process that gave up, 0 when told to stop, or `_CHANGE`."""
        watch = change.watch if change else None
        shape = self._apart() if apart else self._alone(watch)
        shape.start(began)
        ended = asyncio.create_task(shape.ended())
        until = change.until(apart=apart) if change else asyncio.Event().wait()
        changing = asyncio.create_task(until)
        within = self._settings.drain_seconds + _MARGIN_SECONDS
        try:
            await asyncio.wait((stopping, ended, changing), return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                return 0
            if changing.done():
                changing.result()  # a watch that failed is no change
                within = _HASTE_SECONDS if apart else within
                self._say_change(f"the broker {watch.what}" if watch else "", apart=apart)
                return _CHANGE
            code, said = ended.result()
            print("\n".join(said), file=sys.stderr, flush=True)
            return code
        finally:
            ended.cancel()
            changing.cancel()
            await shape.stop(within)

    def _say_stay(self, modules: Sequence[str]) -> None:
        why = f"the broker is away, and others go on over it with {', '.join(modules)}"
        self._logs.say("shape.kept", level="warning", modules=", ".join(modules), why=why)
        _tell(f"{why}: the services stay")

    def _say_change(self, why: str, *, apart: bool) -> None:
        to = "one process" if apart else "a process for each module"
        self._logs.say("shape.changed", level="warning", to=to, why=why)
        _tell(f"{why}: {to} takes over")

    def _apart(self) -> Shape:
        from amphibus.transports.rabbitmq.rights.users import not_verified

        assert self._broker is not None
        workers = [
            self._worker(place, ("--mode=distributed", f"--module={place.module}"), sockets)
            for place, sockets in self._planned.items()
        ]
        senders = not_verified(
            self._settings, self._broker.url, *(each.module for each in self._planned)
        )
        way = Way("distributed", "rabbitmq", self._broker.words, senders)
        return Shape(self._settings, workers, way, [each.module for each in self._planned])

    def _alone(self, watch: BrokerWatch | None) -> Shape:
        since = (watch.away_since if watch else datetime.now(UTC)).isoformat(timespec="seconds")
        gateway = next(each for each in self._planned if each.module == GATEWAY)
        worker = self._worker(
            replace(gateway, label=_ALONE),
            ("--mode=monolith", "--without-broker"),
            self._planned[gateway],
            **({"AMPHIBUS_FALLBACK_SINCE": since} if watch is not None else {}),
        )
        return Shape(
            self._settings,
            [worker],
            Way("monolith", "memory", f"away since {since}; messages go directly" if watch else ""),
            module_names(self._root),
        )

    def _worker(
        self, place: Place, arguments: tuple[str, ...], sockets: Sockets, **more: str
    ) -> Worker:
        url = self._broker.url if self._broker else ""
        return Worker(
            place,
            (*arguments, *_options(self._settings)),
            root=self._root,
            run_dir=self._settings.data_dir / RUN_DIR,
            environment=_environment(self._settings, url) | more,
            logs=self._logs,
            sockets=sockets,
        )


@contextmanager
def _only_one(run_dir: Path, port: int) -> Iterator[None]:
    """Refuses a second supervisor, which would start everything twice and write into the first one's files."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / SUPERVISOR_LOCK).open("a+") as lock:
        lock.seek(0)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = lock.read(32).strip() or "unknown"
            raise already_running(holder, run_dir.parent, port) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
        lock.truncate(0)


def _options(settings: "Settings") -> list[str]:
    """Returns the options of the processes that are no secrets."""
    return [
        *("--host", settings.host, "--data-dir", str(settings.data_dir)),
        *("--drain", f"{settings.drain_seconds:g}", "--handshake", settings.handshake),
        *("--log-format", "json"),
        *(("--open",) if settings.access.open else ()),
    ]


def _environment(settings: "Settings", amqp_url: str) -> dict[str, str]:
    """Returns the environment with the secrets, since every user of the machine may read a command line."""
    ours = {"AMPHIBUS_AMQP_URL_FILE", "AMPHIBUS_DB_URL_FILE"}
    found = {name: value for name, value in os.environ.items() if name not in ours}
    if amqp_url:
        found["AMPHIBUS_AMQP_URL"] = amqp_url
    if settings.db_url is not None:
        found["AMPHIBUS_DB_URL"] = settings.db_url.get_secret_value()
    return found
