"""Opens the databases of a process, and waits for a server that does not answer."""

import asyncio
from typing import Any, Final

import structlog

from amphibus.errors import StoreAway
from amphibus.host.module_host import ModuleHost
from amphibus.telemetry.health import Health

_log: Any = structlog.get_logger()
_RETRY_SECONDS: Final = 1.0


async def open_database(hosted: ModuleHost, health: Health) -> None:
    """Opens a module's database."""
    while True:
        try:
            await hosted.open()
        except StoreAway as error:
            await _wait_for(hosted, health, error)
        else:
            health.has(hosted.name)
            return


async def join(hosted: ModuleHost, health: Health) -> None:
    """Brings an open database up to date; one that goes away meanwhile is opened again."""
    while True:
        try:
            await hosted.join()
        except StoreAway as error:
            await _wait_for(hosted, health, error)
            await open_database(hosted, health)
        else:
            health.has(hosted.name)
            return


async def _wait_for(hosted: ModuleHost, health: Health, error: StoreAway) -> None:
    if hosted.name not in health.reasons():
        _log.warning("store.failed", module=hosted.name, error=error.line)
    health.lack(hosted.name, error.what)
    await asyncio.sleep(_RETRY_SECONDS)
