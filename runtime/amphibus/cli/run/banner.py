"""The banner after the start: the mode, the addresses, and what to type next."""

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amphibus.cli.output import BOLD, paint, plural, typed
from amphibus.cli.places import GATEWAY

if TYPE_CHECKING:
    from amphibus.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Surface:
    """The facts about a running process that the banner shows."""

    mode: str
    transport: str
    url: str
    modules: tuple[str, ...]
    lacking: str = ""
    """The missing parts, if it does not take work yet."""
    broker: str = ""
    """The broker's address, if there is one."""
    senders: str = ""
    """Why modules do not know who sends them messages, if they do not."""
    logs: str = ""
    """The folder of the logs, if they are kept."""


def _demo(settings: "Settings", url: str) -> str:
    """The demo of this shop, which it finds by itself where the configuration names port and folder.

    Of a project that has none, its messages.
    """
    if not settings.demo:
        return "amphibus modules"
    words = ["amphibus demo"]
    for key, option, value in (
        ("port", "--http", url),
        ("data_dir", "--data-dir", settings.data_dir),
    ):
        if settings.origin(key).startswith("--"):
            words += [option, shlex.quote(str(value))]
    return " ".join(words)


def _console(settings: "Settings", url: str) -> list[str]:
    """The address of the console, which lets in whoever starts the system, once."""
    from amphibus.access.operator import this_operator
    from amphibus.console.console import PATH, is_served, sessions_of

    if not is_served(settings):
        return []
    link = sessions_of(settings).link(this_operator().subject)
    return [f"  Console  {url}{PATH}?token={link}"]


def banner(settings: "Settings", surface: Surface, seconds: float) -> str:
    """Returns the banner, about four lines."""
    business = [name for name in surface.modules if name != GATEWAY]
    files = f"db=sqlite ({plural(len(surface.modules), 'file')} in {settings.data_dir})"
    stored = files if settings.db_url is None else "db=postgresql"
    ready = f"waiting: {surface.lacking}" if surface.lacking else f"ready in {seconds:.1f} s"
    head = f"mode={surface.mode}  transport={surface.transport}  {stored}  {ready}"
    lines = [f"{paint('amphibus', BOLD)}  {head}"]
    url = surface.url
    if GATEWAY in surface.modules:
        lines += [f"  API      {url}", f"  Docs     {url}/docs", *_console(settings, url)]
    elif surface.mode == "distributed":
        lines += [f"  Health   {url}/readyz", f"  Metrics  {url}/metrics"]
    lines.append(f"  Modules  {', '.join(business) or 'none'}")
    lines += [
        f"  {name:<7}  {text}"
        for name, text in (
            ("Broker", surface.broker),
            ("Senders", f"not verified: {surface.senders}" if surface.senders else ""),
            ("Logs", surface.logs),
        )
        if text
    ]
    if GATEWAY in surface.modules:
        lines.append(typed(f"  Try      {_demo(settings, url)}  (in another terminal)"))
    return "\n".join(lines)
