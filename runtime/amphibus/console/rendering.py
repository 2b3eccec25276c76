"""The pages as text: templates, whose values are always escaped."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from amphibus.clock import as_datetime
from amphibus.messages.contracts.amphibus.answers import ModuleInProcess
from amphibus.messages.ids import new_id

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


_HALVES: Final = re.compile("[\ud800-\udfff]")
_TO: Final = "\N{EN DASH}"
MENU: Final = (
    ("", "Map", "m"),
    ("/failed", "Failed", "f"),
    ("/stories", "Stories", "s"),
    ("/messages", "Messages", "e"),
    ("/handlers", "Handlers", "h"),
    ("/logs", "Logs", "l"),
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


_BELONGS: Final = {
    "letters": "failed",
    "letter": "failed",
    "correcting": "failed",
    "dry_run": "failed",
    "story": "stories",
    "manager": "managers",
    "operation": "operations",
    "contract": "contracts",
    "try_one": "try",
}
"""The screens that stand below one of the menu."""


def page(template: str, status: int = 200, **facts: Any) -> Response:
    """Returns a page."""
    here = _BELONGS.get(template, template)
    known = {"screens": MENU, "here": "" if here == "home" else f"/{here}", **facts}
    text = _templates().get_template(f"{template}.html").render(**known)
    # Half of a surrogate pair, which JSON may hold and no page can, is shown as what cannot be shown.
    return HTMLResponse(
        _HALVES.sub("\N{REPLACEMENT CHARACTER}", text), status_code=status, headers=HEADERS
    )


def compile_pages() -> None:
    """Compiles the templates, which takes longer than a loop should be held up."""
    made = _templates()
    for each in made.list_templates(extensions=["html"]):
        made.get_template(each)


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


def ranges(numbers: Iterable[int]) -> str:
    """Returns numbers in order, those that follow each other as a range."""
    found: list[list[int]] = []
    for each in sorted(numbers):
        if found and each == found[-1][-1] + 1:
            found[-1].append(each)
        else:
            found.append([each])
    return ", ".join(f"{some[0]}{_TO}{some[-1]}" if some[1:] else f"{some[0]}" for some in found)


def by_partitions(modules: Iterable[ModuleInProcess]) -> list[tuple[str, list[str]]]:
    """Returns the partitions that modules have, each with those that have just these."""
    found: dict[str, list[str]] = {}
    for each in modules:
        found.setdefault(ranges(each.partitions), []).append(each.name)
    return list(found.items())


def rate(per_second: float) -> str:
    """Returns a rate with two digits, and none where nothing moves."""
    if per_second < 0.05:
        return _TO
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.1f}/s"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("amphibus.console"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    made.globals["new_id"] = new_id
    made.filters["moment"] = moment
    made.filters["span"] = span
    made.filters["seconds"] = lambda seconds: span(round(seconds * 1_000_000))
    made.filters["rate"] = rate
    made.filters["by_partitions"] = by_partitions
    made.filters["part"] = lambda text: quote(str(text), safe="")
    made.filters["count"] = lambda number: f"{number:,}"
    return made
