"""The page `/v1/registry`: the processes of the system, for those who may see them."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from amphibus.gateway.docs import Page
from amphibus.gateway.door import FORWARDED, is_loopback_address
from amphibus.gateway.problems import FORBIDDEN, Problem

PATH: Final = "/v1/registry"

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
    forwarded = any(name.decode() in request.headers for name in FORWARDED)
    return request.client is not None and not forwarded and is_loopback_address(request.client.host)
