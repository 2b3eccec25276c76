"""`amphibus console`: prints an address of the console that lets in once."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from cyclopts import Parameter

from amphibus.access.operator import this_operator
from amphibus.cli import options
from amphibus.cli.output import CommandError
from amphibus.cli.views import settings_of


def console(
    *,
    http: options.Url = None,
    data_dir: options.DataDir = None,
    db: options.Db = None,
    serve: Annotated[bool, Parameter(negative="")] = False,
    port: int = 0,
) -> None:
    """Print an address of the console of a running shop that lets in once, within 12 hours.

    Example: amphibus console

    Args:
        serve: Serve the console here until Ctrl-C: for a fleet without a gateway, and for data that nobody hosts.
        port: With --serve: the port, on this machine alone; 0: a free one.
    """
    if serve:
        from amphibus.cli.look.own_console import serve_console

        serve_console(
            options.project(), settings_of(data_dir, db), options.stores(data_dir, db), port
        )
        return
    link = console_link(options.base_url(http), data_dir)
    if link is None:
        raise CommandError(
            "there is no console",
            f"the gateway listens on {settings_of(data_dir, None).host}, and nobody would ask who comes in",
            "amphibus config show",
        )
    print(link)


def console_link(url: str, data_dir: Path | None, screen: str = "") -> str | None:
    """Returns an address that lets in once, to a screen such as `/stories?q=ID`; None where there is no console."""
    from amphibus.console.console import PATH, is_served, sessions_of

    settings = settings_of(data_dir, None)
    if not is_served(settings):
        return None
    token = sessions_of(settings).link(this_operator().subject)
    to = f"&to={quote(screen, safe='/')}" if screen else ""
    return f"{url}{PATH}?token={token}{to}"
