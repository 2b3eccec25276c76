"""The shop over HTTP, as a customer's browser and a warehouse see it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import httpx

from amphibus.client import CommandError, is_loopback, reaching, refusal

APPROVED: Final = "tok_visa"
DECLINED: Final = "tok_chargeDeclined"
_DECIDED_WITHIN_SECONDS: Final = 15.0
_AT_ONCE: Final = 16

Json = dict[str, Any]


class Shop:
    """A client of the shop. Lives as long as the connection to one address."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self.url = url

    async def receive(self, quantities: Mapping[str, int]) -> None:
        """Puts goods on the shelves."""
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]
        await self.post("/v1/stock/receipts", {"receipt_id": str(uuid4()), "lines": lines})

    async def price(self, sku: str, price: str) -> None:
        """Sets the price of a piece in the catalogue, in pounds."""
        await self.post("/v1/prices", {"sku": sku, "currency": "GBP", "unit_price": price})

    async def post(self, path: str, data: Json) -> Json:
        """Posts a command that is expected to be accepted.

        Raises:
            CommandError: it was not.
        """
        with reaching(self.url):
            response = await self._client.post(path, json=data)
        if not response.is_success:
            raise CommandError(
                f"POST {path} was answered {response.status_code}",
                refusal(response),
                "amphibus logs",
            )
        answer: Json = response.json()
        return answer

    async def status(self, path: str, data: Json, key: str) -> int:
        """Posts a command under an idempotency key; returns the status of the answer."""
        with reaching(self.url):
            response = await self._client.post(path, json=data, headers={"Idempotency-Key": key})
        return response.status_code

    async def get(self, path: str, **query: str) -> Json | None:
        """Reads something; returns None if there is no such thing.

        Raises:
            CommandError: it could not be read.
        """
        with reaching(self.url):
            response = await self._client.get(path, params=query)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if not response.is_success:
            raise CommandError(
                f"GET {path} was answered {response.status_code}",
                refusal(response),
                "amphibus logs",
            )
        found: Json = response.json()
        return found

    async def order(self, order_id: str) -> Json:
        """Returns an order as it stands; one that nobody knows is pending."""
        return await self.get(f"/v1/orders/{order_id}") or {"status": "pending", "reasons": []}

    async def decided(self, order_id: str) -> Json:
        """Returns an order once it is decided.

        Raises:
            CommandError: it is still pending after a while.
        """
        ends = time.perf_counter() + _DECIDED_WITHIN_SECONDS
        while (found := await self.order(order_id))["status"] == "pending":
            if time.perf_counter() > ends:
                raise CommandError(
                    f"order {order_id} is still pending",
                    f"it was not decided within {_DECIDED_WITHIN_SECONDS:g} s",
                    f"amphibus logs --key {order_id}",
                )
            await asyncio.sleep(0.02)
        return found

    async def stock(self, sku: str) -> Json | None:
        """Returns the stock on the shelf; None if the SKU was never received."""
        return await self.get(f"/v1/stock/{quote(sku, safe='')}")


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Shop]:
    """Opens a connection to the shop at an address."""
    limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
    async with httpx.AsyncClient(
        base_url=url, limits=limits, timeout=30.0, trust_env=not is_loopback(url)
    ) as client:
        yield Shop(client, url)


async def answers(url: str) -> bool:
    """Returns whether a shop that is ready listens there."""
    try:
        async with httpx.AsyncClient(timeout=1.0, trust_env=not is_loopback(url)) as client:
            response = await client.get(f"{url}/readyz")
            known = await client.get(f"{url}/openapi.json")
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return response.is_success and known.is_success and "/v1/orders" in known.text
