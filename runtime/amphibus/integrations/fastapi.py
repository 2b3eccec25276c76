"""A system inside a FastAPI or Starlette application: its modules in the same process, its gateway as a mounted part.

office = Office("shop", source="checkout")

@asynccontextmanager
async def lifespan(app):
    async with office, OutboxRelay(engine, office) as relay:
        yield {"relay": relay}

app = FastAPI(lifespan=lifespan)
app.mount("/shop", office)

The application's database is not a module's, so no transaction spans both. What a route sends is stored by an `Outbox`
in the application's own transaction, in one process too, and the relay hands it to the modules here; the day they move
into processes of their own, a `Producer` takes the place of the office.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import structlog

from amphibus.access.outside_message import OutsideSender
from amphibus.clock import clock_of
from amphibus.config.settings import load_settings
from amphibus.contract import Query, Value
from amphibus.errors import AmphibusError, OwnerAway, RequestTimeout
from amphibus.host.handshake.admission import handshake_of
from amphibus.host.handshake.handshake import Handshake
from amphibus.host.host import Host
from amphibus.host.live.adjusting import live_settings
from amphibus.host.serve import gateway_of
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY
from amphibus.telemetry.logs import set_up
from amphibus.transports.direct.fleet.door import Door
from amphibus.transports.registry import make, of_mode

A = TypeVar("A", bound=Value)
_SAFE_WITHIN_SECONDS: Final = 10.0


class Office:
    """The modules of a system inside another application. An ASGI application, and an async context.

    It handles no signals and has no port: both are the application's.
    """

    def __init__(
        self,
        root: str | Path | Project,
        *,
        source: str,
        modules: tuple[str, ...] = (),
        mode: str = "monolith",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Makes the office; it opens nothing yet.

        Args:
            root: the project of the system, or a folder in it.
            source: the application's name, in which it sends.
            modules: which to host beside the gateway; all if none is named.
            mode: `monolith`, in memory; or `distributed`, over the broker of the settings.
            settings: flags over the project's configuration, e.g. `{"data_dir": "var"}`.

        Raises:
            AmphibusError: there is no such project, its settings cannot be used, or the source is no name.
        """
        self.source = OutsideSender(source).source
        self._project = root if isinstance(root, Project) else Project.find(Path(root))
        self._settings = load_settings(self._project.root, mode=mode, flags=settings)
        known = tuple(self._project.modules)
        names = tuple(name for name in modules or known if name != GATEWAY)
        self._names = (*names, GATEWAY)
        self._mode = mode
        self._host: Host | None = None
        self._gateway: Any = None
        self._door: Door | None = None
        self._handshake: Handshake | None = None

    async def __aenter__(self) -> Self:
        if not structlog.is_configured():
            set_up(self._settings.log_format, self._settings.log_level)
        live = live_settings(self._settings, self._project, self._names)
        clock = clock_of(on_a_server=live.settings.db_url is not None)
        topology = self._project.topology()
        transport = make(of_mode(self._mode, live.settings), topology, live.settings, clock)
        host = Host(
            self._project, live.settings, self._names, transport=transport, clock=clock, live=live
        )
        self._door = Door(topology, live.settings, clock)
        self._handshake = host.admit = handshake_of(host, self._door)
        try:
            await host.start()
            self._gateway = gateway_of(host, self._project)
        except BaseException:
            await self._close_doors()
            raise
        self._host = host
        return self

    async def __aexit__(self, *_: object) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.health.draining()
            self._gateway.end()
            await host.stop()
        await self._close_doors()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI: the gateway, below the path that it is mounted at."""
        self._started()
        await self._gateway(scope, receive, send)

    async def forward(self, envelope: Envelope) -> None:
        """Hands a command to its module here; returns once it is durable there.

        Raises:
            OwnerAway: that module is not hosted here; it was not done.
            RequestTimeout: it is not durable yet; it may be later.
        """
        host = self._started()
        destination = envelope.type.partition(".")[0]
        (route, some), *_ = host.transport.routes((destination,))
        if not host.transport.is_reachable(route):
            raise OwnerAway(
                f"module {destination} is not here",
                f"nobody takes {envelope.type} at the moment; it was not done",
                f'Office(..., modules=("{destination}",)), or send over a broker by a Producer',
            )
        hosted = host.modules.get(destination)
        if hosted is not None and hosted.pauses.whole and not host.transport.apart:
            # It would hold each repetition in memory for as long as the pause lasts.
            raise OwnerAway(
                f"module {destination} is paused: {hosted.pauses.reason}",
                "it was not done",
                f"amphibus resume {destination}",
            )
        safe = asyncio.Event()
        host.transport.deliver(some, envelope, safe.set)
        try:
            async with asyncio.timeout(_SAFE_WITHIN_SECONDS):
                await safe.wait()
        except TimeoutError:
            raise RequestTimeout(
                f"{envelope.type} {envelope.id} was not taken within {_SAFE_WITHIN_SECONDS:g} s",
                f"module {destination} is busy or paused; it may be done later",
                "send it again with the same id: it is done once",
            ) from None

    async def close(self) -> None:
        """Nothing: the office ends by its own context."""

    async def ask(self, query: Query[A], *, timeout: float = 5.0) -> A:  # noqa: ASYNC109
        """Asks a query, with all rights: who may ask is the application's business.

        Raises:
            Refused, RequestError: as the owner's reply says.
        """
        body = (
            await self._started()
            .accepted_store()
            .request(query, message_id=new_id(), timeout=timeout, trace=new_trace())
        )
        answer = type(query).answer_type()
        assert answer is not None
        return answer.model_validate_json(body)  # type: ignore[return-value]

    def _started(self) -> Host:
        if self._host is None:
            raise AmphibusError(
                "the modules of the office are not open",
                "they live as long as the application's lifespan",
                "async with office: ... inside the lifespan of the application",
            )
        return self._host

    async def _close_doors(self) -> None:
        if self._handshake is not None:
            await self._handshake.close()
        if self._door is not None:
            await self._door.close()
