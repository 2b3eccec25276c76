"""The page `/v1/registry`: the processes of the system, for those who may see them."""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from amphibus.gateway.docs import Page
from amphibus.gateway.problems import FORBIDDEN, Problem

PATH: Final = "/v1/registry"
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers of a proxy, which asks for somebody else."""

Processes = Callable[[], Awaitable[list[dict[str, Any]]]]


def registry_page(processes: Processes) -> Page:
    """Serves what `processes` returns to programs on this machine, and to nobody else.

    A list of processes tells an attacker where to go, and requests say not yet who sends them.
    """

    async def page(request: Request) -> Response:
        if not _is_from_here(request):
            raise Problem(FORBIDDEN, "only programs on the gateway's own machine may see it")
        return JSONResponse({"processes": await processes()}, headers={"Cache-Control": "no-store"})

    return page


def _is_from_here(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
