"""The routes `/livez`, `/readyz` and `/metrics`, served by every process, alone or as part of the gateway."""

from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import CONTENT_TYPE, OPENMETRICS_TYPE, Meters

_OPENMETRICS: Final = "application/openmetrics-text"


def signal_routes(health: Health, meters: Meters) -> list[Route]:
    """Returns the three routes, to be put beside others."""

    async def livez(_: Request) -> Response:
        """The event loop turns, and no task of it is beyond help."""
        if health.hopeless:
            return JSONResponse({"status": "hopeless", "reasons": health.hopeless}, 503)
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        """Answers whether this process should get new work, and why not, or why it is late with it."""
        if not health.ready:
            status = "draining" if health.state == "draining" else "not ready"
            reasons = health.reasons() | health.degraded
            return JSONResponse(
                {"status": status, "reasons": reasons}, 503, headers={"Retry-After": "1"}
            )
        notes = {"notes": health.notes} if health.notes else {}
        if health.degraded:
            return JSONResponse({"status": "degraded", "reasons": health.degraded, **notes})
        return JSONResponse({"status": "ready", **notes})

    async def metrics(request: Request) -> Response:
        """Returns the counters and gauges, for Prometheus, in the format that it asks for."""
        if _OPENMETRICS in request.headers.get("accept", ""):
            text = await meters.exposition(openmetrics=True)
            return Response(text, headers={"Content-Type": OPENMETRICS_TYPE})
        return Response(await meters.exposition(), media_type=CONTENT_TYPE)

    return [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]


def signals_app(health: Health, meters: Meters) -> Starlette:
    """Returns the app of a process without the gateway."""
    return Starlette(routes=signal_routes(health, meters))
