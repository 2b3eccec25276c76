"""A shape of a system under one supervisor: its processes, started, watched and stopped together."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from amphibus.cli.places import GATEWAY
from amphibus.cli.run.banner import Surface, banner
from amphibus.cli.run.process_logs import FOLDER
from amphibus.cli.run.running import note_address
from amphibus.cli.run.worker import Worker
from amphibus.config.addresses import local_url

if TYPE_CHECKING:
    from amphibus.config.settings import Settings

_LOOK_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 30.0
_STARTING: Final = "starting"


@dataclass(frozen=True, slots=True)
class Way:
    """The way in which the messages of a shape go, as the banner names it."""

    mode: str
    transport: str
    broker: str
    """The words for the broker, or for its lack."""
    senders: str = ""
    """Why modules do not know who sends them messages, if they do not."""


class Shape:
    """The processes of a shape. Lives until it is stopped."""

    def __init__(
        self,
        settings: "Settings",
        workers: Sequence[Worker],
        way: Way,
        modules: Sequence[str],
    ) -> None:
        self.way = way
        self._settings = settings
        self._workers = workers
        self._modules = tuple(dict.fromkeys(modules))
        self._lives: dict[asyncio.Task[int], Worker] = {}
        self._banner: asyncio.Task[None]

    def start(self, began: float) -> None:
        """Starts every process, and prints the banner once all of them take work."""
        self._lives = {asyncio.create_task(worker.keep()): worker for worker in self._workers}
        self._banner = asyncio.create_task(self._print_banner(began))

    async def ended(self) -> tuple[int, list[str]]:
        """Returns the exit code of the first process that gave up, and what it said."""
        done, _ = await asyncio.wait(self._lives, return_when=asyncio.FIRST_COMPLETED)
        task = next(iter(done))
        return task.result(), list(self._lives[task].said)

    async def stop(self, within: float) -> None:
        """Stops all at once, within some seconds: databases and broker keep the messages under way between them."""
        self._banner.cancel()
        for worker in self._workers:
            worker.stop()
        deadline = time.monotonic() + within
        while any(worker.running for worker in self._workers):
            if time.monotonic() > deadline:
                for worker in self._workers:
                    worker.kill()
            await asyncio.sleep(_LOOK_SECONDS / 5)
        for task in self._lives:
            task.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)

    async def _print_banner(self, began: float) -> None:
        """Prints the banner once all of them take work; until then, the reasons of those that do not."""
        told = ""
        # Our own processes on this machine are asked; the name in their certificate is that of another address.
        async with httpx.AsyncClient(timeout=1.0, trust_env=False, verify=False) as client:  # noqa: S501
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
            mode=self.way.mode,
            transport=self.way.transport,
            url=url,
            modules=self._modules,
            broker=self.way.broker,
            senders=self.way.senders,
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
