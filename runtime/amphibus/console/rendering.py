"""The pages as text: templates, whose values are always escaped."""

from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from amphibus.clock import as_datetime

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_KINDS: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


MENU: Final = (
    ("", "Map", "m"),
    ("/failed", "Failed", "f"),
    ("/stories", "Stories", "s"),
    ("/processes", "Processes", "p"),
    ("/managers", "Process managers", "w"),
    ("/queues", "Queues", "q"),
    ("/schedules", "Schedules", "t"),
    ("/operations", "Operations", "o"),
    ("/contracts", "Contracts", "k"),
    ("/try", "Try it", "y"),
    ("/configuration", "Configuration", "c"),
    ("/audit", "Audit", "a"),
)
"""The screens of the menu: path, name, and the key behind `g`."""


def page(template: str, status: int = 200, **facts: Any) -> Response:
    """Returns a page."""
    here = next((path for path, _, _ in MENU if path == f"/{template}"), "")
    known = {"screens": MENU, "here": here if template != "wrong" else None, **facts}
    text = _templates().get_template(f"{template}.html").render(**known)
    return HTMLResponse(text, status_code=status, headers=HEADERS)


@cache
def static(name: str) -> Response:
    """Returns a file of ours."""
    text = files("amphibus.console").joinpath("static", name).read_text(encoding="utf-8")
    kind = _KINDS[name.rpartition(".")[2]]
    headers = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
    return Response(text, media_type=kind, headers=headers)


def moment(microseconds: int | None) -> str:
    """Returns a time as people read it: UTC, to the millisecond."""
    if microseconds is None:
        return "-"
    at = as_datetime(microseconds)
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def span(microseconds: int) -> str:
    """Returns a span of time in its largest unit."""
    if microseconds < 1_000_000:
        return f"{max(0, microseconds) / 1000:.0f} ms"
    seconds = microseconds / 1_000_000
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("amphibus.console"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters["moment"] = moment
    made.filters["span"] = span
    made.filters["part"] = lambda text: quote(str(text), safe="")
    made.filters["count"] = lambda number: f"{number:,}"
    return made
