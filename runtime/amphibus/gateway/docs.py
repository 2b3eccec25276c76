"""The documents that the gateway serves: the HTTP API, with Swagger UI at `/docs`, and the messages of the system.

All of it comes from files that are installed; the pages ask no other host for anything.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from amphibus.documents.asyncapi import asyncapi
from amphibus.documents.page import STYLE, page_of
from amphibus.documents.system import System
from amphibus.errors import ConfigError

Page = Callable[[Request], Awaitable[Response]]

# The package is looked up and not imported: importing it would bring a web framework that is not used.
_PACKAGE: Final = "fastapi_swagger"
_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_MESSAGES_POLICY: Final = (
    "default-src 'none'; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HTML: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""


def docs_pages(title: str) -> dict[str, Page]:
    """The page and its files, by path."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "the documentation page cannot be served",
            f"the package {_PACKAGE} is not installed",
            "pip install 'amphibus[server]'",
        )
    folder = Path(spec.submodule_search_locations[0]) / "resources"
    html = _HTML.format(title=escape(title))

    async def page(_: Request) -> Response:
        return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})

    async def start(_: Request) -> Response:
        return Response(_START, media_type="text/javascript")

    def file(name: str, kind: str) -> Page:
        async def serve(_: Request) -> Response:
            return FileResponse(
                folder / name, media_type=kind, headers={"Cache-Control": "max-age=3600"}
            )

        return serve

    files = {f"/docs/{name}": file(name, kind) for name, kind in _FILES.items()}
    return {"/docs": page, "/docs/start.js": start, **files}


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
        return HTMLResponse(text(), headers={"Content-Security-Policy": _MESSAGES_POLICY})

    async def style(_: Request) -> Response:
        return Response(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    return {
        "/asyncapi.json": json_page(lambda: asyncapi(system)),
        "/docs/messages": for_people,
        "/docs/messages.css": style,
    }
