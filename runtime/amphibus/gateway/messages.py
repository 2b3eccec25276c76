"""The documents that the gateway serves: the HTTP API, and the messages of the system for programs and for people."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from amphibus.documents.asyncapi import asyncapi
from amphibus.documents.page import STYLE, page_of
from amphibus.documents.system import System
from amphibus.gateway.docs import Page

_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def json_page(make: Callable[[], dict[str, Any]]) -> Page:
    """Serves a document, which is made when it is first asked for."""
    document = cache(make)

    async def page(_: Request) -> Response:
        return JSONResponse(document())

    return page


def message_pages(system: System) -> dict[str, Page]:
    """Returns the pages about the messages of a system, by path."""
    text = cache(lambda: page_of(system))

    async def for_people(_: Request) -> Response:
        return HTMLResponse(text(), headers={"Content-Security-Policy": _POLICY})

    async def style(_: Request) -> Response:
        return Response(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    return {
        "/asyncapi.json": json_page(lambda: asyncapi(system)),
        "/docs/messages": for_people,
        "/docs/messages.css": style,
    }
