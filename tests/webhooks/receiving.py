"""An endpoint of others, as an application behind a real server."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from amphibus.module import Module
from amphibus.routing.project import Project
from contracts.orders import v1 as orders
from tests.services.http_server import listening


def secret_of(letter: str) -> str:
    """A secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(letter.encode() * 32).decode()


SECRET, OLD = secret_of("n"), secret_of("o")


@dataclass
class Received:
    """One request."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Endpoint:
    """What it got, and what it answers."""

    got: list[Received] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[Received] = field(default_factory=list)
    """What it answered 2xx."""
    url: str = ""
    end: asyncio.Event | None = None
    """Holds up what follows the status, if there is one."""

    async def take(self, request: Request) -> Response:
        """Answers a post."""
        found = Received(dict(request.headers), await request.body())
        self.got.append(found)
        if 200 <= self.status < 300:
            self.taken.append(found)
        if self.end is not None:
            return StreamingResponse(self._held_up(self.end), self.status, self.headers)
        return Response(b"x" * 200_000, self.status, self.headers)

    async def _held_up(self, end: asyncio.Event) -> AsyncIterator[bytes]:
        yield b"x"
        await end.wait()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Serves."""
        app = Starlette(routes=[Route("/{path:path}", self.take, methods=["POST", "GET"])])
        async with listening(app) as port:
            self.url = f"http://127.0.0.1:{port}/hook"
            yield

    def settings(self, **more: Any) -> dict[str, Any]:
        """The settings of a webhook to it."""
        given = {"url": self.url, "secret": SECRET, "private": True, **more}
        return {f"webhooks.acme.{name}": value for name, value in given.items()}


def project_in(folder: Path, *events: str) -> Project:
    """A system of one module that says events, with one webhook."""
    (folder / "config").mkdir(exist_ok=True)
    listed = ", ".join(f'"{each}"' for each in events or ("orders.OrderConfirmed.v1",))
    (folder / "config/amphibus.toml").write_text(f"[webhooks.acme]\nsubscribes = [{listed}]\n")
    module = Module(name="orders", publishes=(orders.OrderConfirmed, orders.OrderRejected))
    return Project.declared(
        folder, contracts=[orders.OrderConfirmed, orders.OrderRejected], modules=[module]
    )
