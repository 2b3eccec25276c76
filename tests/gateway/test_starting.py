"""Until its store can be used, a gateway that listens already says so, and not that nothing is there."""

import httpx
import pytest

from amphibus.gateway.app import starting_app
from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import Meters

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/loans/1"), ("POST", "/v1/loans")])
async def test_who_comes_too_early_is_told_to_come_again(method: str, path: str) -> None:
    """A 404 would say that an order that was accepted before the restart does not exist."""
    transport = httpx.ASGITransport(starting_app(Health(), Meters()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.request(method, path)
        alive = await client.get("/livez")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["detail"] == "it is starting"
    assert alive.status_code == 200
