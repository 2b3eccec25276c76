"""`amphibus probe`: asks a process of this machine whether it is ready, for health checks of containers."""

from http.client import HTTPException
from typing import Annotated, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import Exit, check_module, printable
from amphibus.cli.places import GATEWAY, known_names, port_of

_PATIENCE_SECONDS: Final = 3.0


def probe(
    *,
    module: str = GATEWAY,
    port: int | None = None,
    live: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Ask the process of a module here whether it is ready; exit code 4 if it is not.

    Example: amphibus probe --module orders

    Args:
        module: The module that it hosts.
        port: Its --port, if not the configured one.
        live: Ask whether it is alive instead; it may be alive without being ready.
    """
    from amphibus.config.addresses import local_url

    settings = options.settings(mode="distributed", port=port)
    known = known_names(options.root())
    check_module(module, sorted(known))
    place = port_of((module,), known, settings.port)
    url = f"{local_url(settings.host, place)}/{'livez' if live else 'readyz'}"
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=_PATIENCE_SECONDS) as answer:
            print(f"{url}  {answer.status}")
            return Exit.OK
    except (URLError, OSError, HTTPException) as error:
        print(f"{url}  {printable(str(error) or type(error).__name__)}")
        return Exit.UNREACHABLE
