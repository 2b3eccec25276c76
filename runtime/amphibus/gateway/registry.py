"""The page `/v1/registry`: the processes of the system, for those who may see them."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from amphibus.gateway.docs import Page
from amphibus.gateway.door import is_from_here
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.problems import FORBIDDEN, Problem

PATH: Final = "/v1/registry"

Processes = Callable[[], Awaitable[list[dict[str, Any]]]]


def registry_page(processes: Processes) -> Page:
    """Serves what `processes` returns to programs on this machine, and to nobody else.

    A list of processes tells an attacker where to go, also one whose page is open in a browser here.
    """

    async def page(request: Request) -> Response:
        if not is_from_here(HttpExchange(request.scope, request.receive, {})):
            raise Problem(FORBIDDEN, "only programs on the gateway's own machine may see it")
        return JSONResponse({"processes": await processes()}, headers={"Cache-Control": "no-store"})

    return page
