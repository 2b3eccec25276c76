"""`/docs`: Swagger UI, from files that are installed; the page asks no other host for anything."""

from collections.abc import Awaitable, Callable
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

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
