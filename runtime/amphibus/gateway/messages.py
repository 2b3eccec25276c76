"""`/asyncapi.json` and `/docs/messages`: the messages of the system, for programs and for people."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from amphibus.documents.asyncapi import asyncapi
from amphibus.documents.page import STYLE, page_of
from amphibus.documents.system import System

Page = Callable[[Request], Awaitable[Response]]
_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def message_pages(system: System) -> dict[str, Page]:
    """Returns the pages by path; each is made when it is first asked for."""
    document, text = cache(lambda: asyncapi(system)), cache(lambda: page_of(system))

    async def for_programs(_: Request) -> Response:
        return JSONResponse(document())

    async def for_people(_: Request) -> Response:
        return HTMLResponse(text(), headers={"Content-Security-Policy": _POLICY})

    async def style(_: Request) -> Response:
        return Response(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    return {
        "/asyncapi.json": for_programs,
        "/docs/messages": for_people,
        "/docs/messages.css": style,
    }
