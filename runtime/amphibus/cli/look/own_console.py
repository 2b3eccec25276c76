"""`amphibus console --serve`: the console beside a system that has no gateway, or of data that nobody hosts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from amphibus.access.operator import this_operator

if TYPE_CHECKING:
    from amphibus.admin.stores import AdminStore
    from amphibus.config.settings import Settings
    from amphibus.console.look import Look
    from amphibus.routing.project import Project


def serve_console(
    project: "Project", settings: "Settings", stores: "Mapping[str, AdminStore]", port: int
) -> None:
    """Serves it on this machine alone until Ctrl-C, and prints its address.

    Raises:
        ConfigError: the port is taken.
    """
    here = settings.model_copy(update={"host": "127.0.0.1", "port": port})
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(project, here, stores))


async def _serve(
    project: "Project", settings: "Settings", stores: "Mapping[str, AdminStore]"
) -> None:
    from amphibus.clock import SystemClock
    from amphibus.console.console import PATH, Console, sessions_of
    from amphibus.console.entrance import Entrance
    from amphibus.console.sending import Sending
    from amphibus.gateway.app import pages_app
    from amphibus.gateway.door import Door
    from amphibus.host.http.server import HttpServer
    from amphibus.telemetry.metrics import Meters

    sessions = sessions_of(settings)
    entrance = Entrance(Door(), sessions, guarded=False)

    @asynccontextmanager
    async def looks() -> AsyncIterator["Look"]:
        async with _look(project, settings, stores) as look:
            yield look

    console = Console(project, lambda: settings, entrance, SystemClock(), Sending(), looks).served()
    server = HttpServer(pages_app(console.routes, Meters(), console.end), settings)
    await server.start()
    print(f"{server.url}{PATH}?token={sessions.link(this_operator().subject)}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        console.end()
        await server.stop()


@asynccontextmanager
async def _look(
    project: "Project", settings: "Settings", stores: "Mapping[str, AdminStore]"
) -> AsyncIterator["Look"]:
    from amphibus.admin.views import at_rest
    from amphibus.console.look import looking

    async with (
        at_rest(stores, project.contracts.get) as below,
        looking(project.topology().modules, settings, below) as look,
    ):
        yield look
