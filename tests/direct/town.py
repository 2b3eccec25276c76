"""The tiny business over a broker in memory, and what a test asks of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from amphibus.transports.direct.bypass import DirectBypass
from amphibus.transports.direct.server import DirectServer
from amphibus.transports.direct.transport import DirectTransport
from tests.direct.exchange import Exchange, OverExchange


class Town:
    """The tiny business over a broker that is what a test makes of it."""

    def __init__(self, folder: Path) -> None:
        self.exchange = Exchange()
        self.office = Office(self.exchange.transport, folder)

    @asynccontextmanager
    async def open(
        self, *, after: float = 0.01, settings: dict[str, Any] | None = None
    ) -> AsyncIterator[Harness]:
        """`after` is how long the broker must have been away, and there again."""
        async with self.office.open(
            settings=settings, fallback_after_seconds=after, return_after_seconds=after
        ) as shop:
            yield shop

    def numbers(self) -> list[int]:
        return self.office.numbers("desk", "b")

    async def until_written(self, *lines: int) -> None:
        await until(lambda: set(lines) <= set(self.numbers()))


def directly(shop: Harness) -> bool:
    return "messages go directly" in shop.host.health.degraded.get("messages", "")


async def write(shop: Harness, *lines: int) -> None:
    await shop.send(*[desk.Write(book="b", line=each) for each in lines])


def server(shop: Harness) -> DirectServer:
    assert isinstance(shop.host.transport, DirectTransport)
    return shop.host.transport._server


def bypass(shop: Harness) -> DirectBypass:
    assert isinstance(shop.host.transport, DirectTransport)
    return shop.host.transport.bypass


def below(shop: Harness) -> OverExchange:
    found = bypass(shop)._below
    assert isinstance(found, OverExchange)
    return found


def changes(shop: Harness, way: str) -> float:
    labels = {"module": "gateway", "way": way}
    found = shop.host.meters.registry.get_sample_value("amphibus_way_changes_total", labels)
    return float(found or 0)
