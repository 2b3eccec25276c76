"""The HTTP server of a process, on the loop of its modules."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import uvicorn

from amphibus.config.addresses import http_url
from amphibus.config.settings import Settings
from amphibus.connections.connections import Connections
from amphibus.connections.sockets import listening
from amphibus.errors import ConfigError
from amphibus.gateway.limits.descriptors import backlog_for, most_connections
from amphibus.gateway.limits.patience import Limits, patience
from amphibus.host.http import tls

_MORE_SECONDS: Final = 0.5
"""The time that the server gets to hang up on those who are left."""

_ACCEPTED_SECONDS: Final = 0.2
"""The time for a request on a connection that was accepted just now: it would be hung up on without an answer."""


class _Uvicorn(uvicorn.Server):
    """Leaves the signals to the host, which has more to stop than HTTP, and counts handshakes of TLS."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures no signals."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens; with a listener of our own where HTTPS is spoken."""
        config, context = self.config, self.config.ssl
        if context is None:
            await super().startup(sockets)
            return
        if not sockets:
            at = (config.host, config.port, config.backlog)
            try:
                sockets = await asyncio.to_thread(listening, *at)
            except OSError:
                self.should_exit = True  # whoever has started it sees that it has not
                return
        await super().startup([])
        self._accept(sockets, context)

    def _accept(self, sockets: list[socket.socket], context: ssl.SSLContext) -> None:
        from amphibus.host.http.tls_listener import TlsListener

        serving = asyncio.current_task()
        assert serving is not None
        listener = TlsListener(sockets, self._protocol, context, self._connections)
        listener.start(serving.cancel)
        self.servers = [listener]  # type: ignore[list-item]

    def _protocol(self) -> Any:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


class HttpServer:
    """An HTTP server beside the modules, on the same loop.

    Args:
        app: answers.
        settings: name where it listens.
        sockets: on which another process listens for it already; it keeps them when this one ends.
        signals: given for the gateway, which speaks HTTPS where its settings say so: what health checks of this
            machine are answered beside it, as they check no certificates.
    """

    def __init__(
        self,
        app: Any,
        settings: Settings,
        sockets: Sequence[socket.socket] = (),
        *,
        signals: Any = None,
    ) -> None:
        self._settings = settings
        options = tls.options(settings) if signals is not None else {}
        self._signals = signals
        self._plain: HttpServer | None = None
        self._scheme = "https" if options else "http"
        self._sockets = list(sockets) or None
        # At most half of the time: the modules' work ends after it.
        self._graceful_seconds = max(1, int(settings.drain_seconds / 2))
        most = most_connections(settings.http.connections)
        self._connections = Connections(
            partial(patience, settings.http),
            most=most,
            per_address=settings.http.connections_per_address,
            proxy=settings.access.proxy_address,
        )
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                http=_protocol(self._connections, settings.http, certified=bool(options)),
                ws="none",
                backlog=backlog_for(most),
                timeout_keep_alive=_longer(settings.http.idle_seconds),
                log_config=None,
                access_log=False,
                lifespan="off",
                proxy_headers=False,  # the peer is who is connected, whatever a header says
                timeout_graceful_shutdown=self._graceful_seconds,
                server_header=False,
                date_header=True,
                **options,
            ),
            self._connections,
        )
        self._task: asyncio.Task[None] | None = None
        self.url = ""
        self.on_lost: Callable[[], None] = lambda: None
        """Called when it ends without having been stopped."""

    async def start(self) -> None:
        """Listens. A second start does nothing.

        Raises:
            ConfigError: the port is taken, or the certificate cannot be used.
        """
        if self._task is not None:
            return
        try:
            self._server.config.load()
        except (OSError, ssl.SSLError) as error:
            raise tls.unusable(error) from None
        self._connections.start()
        task = asyncio.create_task(self._server.serve(self._sockets), name="http")
        self._task = task
        while not self._server.started:
            if task.done():
                break
            await asyncio.sleep(0.001)
        if task.done():
            settings = self._settings
            raise ConfigError(
                f"port {settings.port} of {settings.host} cannot be listened on",
                "another program has it, or this user may not",
                f"amphibus run --port {settings.port + 1}",
            )
        address = self._server.servers[0].sockets[0].getsockname()
        self.url = http_url(address[0], address[1], self._scheme)
        task.add_done_callback(self._ended)
        if self._scheme == "https":
            here = self._settings.model_copy(update={"host": "127.0.0.1", "port": 0})
            self._plain = HttpServer(self._signals, here)
            await self._plain.start()

    @property
    def health_url(self) -> str:
        """Returns where health checks of this machine ask."""
        return self.url if self._plain is None else self._plain.url

    async def started(self) -> None:
        """Returns once it listens, as `start` does."""

    def _ended(self, _task: "asyncio.Task[None]") -> None:
        if not self._server.should_exit:
            self.on_lost()

    async def stop(self) -> None:
        """Answers open requests, accepts none, and hangs up on clients that have not finished asking in time."""
        if self._plain is not None:
            await self._plain.stop()
        task, self._task = self._task, None
        if task is not None and not task.done():
            for server in self._server.servers:
                server.close()
            await asyncio.sleep(_ACCEPTED_SECONDS)
        self._connections.stop()
        self._server.should_exit = True
        if task is None:
            return
        await asyncio.wait((task,), timeout=self._graceful_seconds + _MORE_SECONDS)
        task.cancel()
        if task.done() and not task.cancelled():
            task.exception()


def _protocol(connections: Connections, limits: Limits, *, certified: bool) -> Any:
    """Returns what uvicorn makes one of for each connection."""
    if certified:
        from amphibus.host.http.certified import CertifiedProtocol

        return partial(CertifiedProtocol, connections, limits)
    from amphibus.gateway.limits.protocol import LimitedProtocol

    return partial(LimitedProtocol, connections, limits)


def _longer(seconds: float) -> int:
    """Returns uvicorn's own patience, which is whole seconds; ours ends first."""
    return int(seconds) + 2
