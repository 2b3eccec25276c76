"""`amphibus run --mode=distributed --all`: a process for each module, kept alive, stopped together."""

import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from amphibus.cli.broker.start import BrokerAt, broker
from amphibus.cli.places import GATEWAY, Place, places
from amphibus.cli.run.banner import Surface, banner
from amphibus.cli.run.process_logs import FOLDER, ProcessLogs
from amphibus.cli.run.running import RUN_DIR, already_running, note_address, refuse_second_shop
from amphibus.cli.run.start_checks import refuse_others_files, refuse_taken_port
from amphibus.cli.run.worker import Worker
from amphibus.config.addresses import local_url

if TYPE_CHECKING:
    from amphibus.config.settings import Settings

_LOOK_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 30.0
_STARTING: Final = "starting"
_MARGIN_SECONDS: Final = 6.0
"""The time that a process may take to end after it has drained, and a second more."""


def supervise(root: Path, settings: "Settings", instances: int, began: float) -> int:
    """Runs all modules until it is told to stop; returns the exit code.

    Raises:
        CommandError: no broker, or the same data folder is supervised already.
    """
    run_dir = settings.data_dir / RUN_DIR
    planned = places(root, settings.port, instances)
    if settings.db_url is None:
        refuse_others_files(tuple({each.module for each in planned}), settings.data_dir)
    with _only_one(run_dir, settings.port):
        if settings.db_url is None:
            modules = (each.module for each in planned)
            refuse_second_shop(modules, settings.data_dir, settings.port)
        for each in planned:
            refuse_taken_port(settings.host, each.port, each.label, settings.port)
        with broker(settings, root, lambda line: print(line, flush=True)) as found:
            return asyncio.run(_Supervisor(root, settings, planned, found).run(began))


class _Supervisor:
    """The processes of one `run` command. Lives as long as the command."""

    def __init__(
        self, root: Path, settings: "Settings", planned: Sequence[Place], found: BrokerAt
    ) -> None:
        self._settings = settings
        self._broker = found
        self._logs = ProcessLogs(
            settings.data_dir, [place.label for place in planned], settings.log_format
        )
        self._workers = [
            Worker(
                place,
                _options(settings),
                root=root,
                run_dir=settings.data_dir / RUN_DIR,
                environment=_environment(settings, found.url),
                logs=self._logs,
            )
            for place in planned
        ]

    async def run(self, began: float) -> int:
        stop = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(each, stop.set)
        lives = {asyncio.create_task(worker.keep()): worker for worker in self._workers}
        stopping = asyncio.create_task(stop.wait())
        probe = asyncio.create_task(self._print_banner(began))
        ended: set[asyncio.Task[int]] = set()
        try:
            await asyncio.wait({stopping, *lives}, return_when=asyncio.FIRST_COMPLETED)
            ended = {task for task in lives if task.done()}
        finally:
            probe.cancel()
            stopping.cancel()
            await self._stop(list(lives))
            self._logs.close()
        for task in ended:
            print("\n".join(lives[task].said), file=sys.stderr, flush=True)
            return task.result()
        return 0

    async def _stop(self, lives: Sequence["asyncio.Task[int]"]) -> None:
        """Stops all at once: databases and broker keep the messages under way between them."""
        for worker in self._workers:
            worker.stop()
        deadline = time.monotonic() + self._settings.drain_seconds + _MARGIN_SECONDS
        while any(worker.running for worker in self._workers):
            if time.monotonic() > deadline:
                for worker in self._workers:
                    worker.kill()
            await asyncio.sleep(_LOOK_SECONDS / 5)
        for task in lives:
            task.cancel()
        await asyncio.gather(*lives, return_exceptions=True)

    async def _print_banner(self, began: float) -> None:
        """Prints the banner once all of them take work; until then, the reasons of those that do not."""
        told = ""
        async with httpx.AsyncClient(timeout=1.0, trust_env=False) as client:
            while lacking := await self._lacking(client):
                patient = time.perf_counter() - began < _PATIENCE_SECONDS
                text = ", ".join(
                    f"{label} ({why})"
                    for label, why in lacking.items()
                    if not (patient and why == _STARTING)
                )
                if text and text != told:
                    print(f"waiting  {text}", flush=True)
                    told = text
                await asyncio.sleep(_LOOK_SECONDS)
        url = next(each.url for each in self._workers if each.place.module == GATEWAY)
        note_address(self._settings.data_dir, url)
        surface = Surface(
            mode="distributed",
            transport="rabbitmq",
            url=url,
            modules=tuple(dict.fromkeys(each.place.module for each in self._workers)),
            broker=self._broker.words,
            logs=str(self._settings.data_dir / FOLDER),
        )
        print(banner(self._settings, surface, time.perf_counter() - began), flush=True)

    async def _lacking(self, client: httpx.AsyncClient) -> dict[str, str]:
        found: dict[str, str] = {}
        for worker in self._workers:
            reason = await _reason(client, worker, self._settings.host)
            if reason:
                found[worker.place.label] = reason
        return found


async def _reason(client: httpx.AsyncClient, worker: Worker, host: str) -> str:
    """Returns the reason why a process does not take work; empty if it does."""
    place = worker.place
    url = worker.url or (local_url(host, place.port) if place.port else "")
    if not worker.running or not url:
        return _STARTING
    try:
        response = await client.get(f"{url}/readyz")
        if response.is_success:
            return "" if worker.url else _STARTING
        reasons = response.json()["reasons"]
        lacks = [f"{name}: {why}" for name, why in reasons.items() if name != "process"]
        return "; ".join(lacks) or _STARTING
    except (httpx.HTTPError, ValueError, KeyError):
        return _STARTING


@contextmanager
def _only_one(run_dir: Path, port: int) -> Iterator[None]:
    """Refuses a second supervisor, which would start everything twice and write into the first one's files."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / "supervisor.pid").open("a+") as lock:
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
        *("--drain", f"{settings.drain_seconds:g}", "--log-format", "json"),
    ]


def _environment(settings: "Settings", amqp_url: str) -> dict[str, str]:
    """Returns the environment with the secrets, since every user of the machine may read a command line."""
    ours = {"AMPHIBUS_AMQP_URL_FILE", "AMPHIBUS_DB_URL_FILE"}
    found = {name: value for name, value in os.environ.items() if name not in ours}
    found["AMPHIBUS_AMQP_URL"] = amqp_url
    if settings.db_url is not None:
        found["AMPHIBUS_DB_URL"] = settings.db_url.get_secret_value()
    return found
