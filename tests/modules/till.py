"""Clients of the shop's gateway who wait, and payments that are made when a test says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from inspect import getclosurevars
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import BaseModel

from amphibus.contract import Command
from amphibus.gateway.app import Gateway, build_app
from amphibus.gateway.door import Door
from amphibus.gateway.outcomes import follower
from amphibus.gateway.outcomes.follower import Follower
from amphibus.gateway.outcomes.waiting import Waiting
from amphibus.messages.contracts.amphibus.v1 import PauseModule, ResumeModule
from amphibus.testing.conformance.office import until
from tests.conformance.asking import asked
from tests.modules.shop import Shop, order_of

FOREVER = 10_000.0


class Limits(BaseModel):
    body_limit_bytes: int = 1_000_000
    accept_within_seconds: float = 0.0
    request_timeout_seconds: float = 5.0
    page_limit: int = 200
    waiters: int = 10
    waiters_per_client: int = 5
    longest_wait_seconds: float = 60.0


class Till:
    """Clients of the gateway; payments are made when it says so."""

    def __init__(self, shop: Shop, **limits: Any) -> None:
        host = shop.harness.host
        self._host = host
        self.app: Gateway = build_app(
            host.accepted_store(),
            Limits(**limits),
            host.health,
            host.meters,
            Door(unnamed="everybody"),
        )
        transport = httpx.ASGITransport(self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://shop", timeout=60)

    @property
    def _places(self) -> Waiting:
        found: Waiting = getclosurevars(self.app.end).nonlocals["waiting"]
        return found

    @property
    def waiting(self) -> int:
        return self._places.taken

    def room_for(self, address: str) -> AbstractContextManager[bool]:
        return self._places.place(address)

    @property
    def following(self) -> Follower:
        return self._places._follower

    @property
    def followed(self) -> dict[str, Any]:
        """The flows that the owner of orders tells of."""
        found: dict[str, Any] = self._host.modules["orders"].receiver._services.outcomes.followed
        return found

    async def place(self) -> UUID:
        order = order_of({"LANTERN": 1})
        body = order.model_dump(mode="json", by_alias=True)
        assert (await self.client.post("/v1/orders", json=body)).status_code == 202
        assert order.order_id is not None
        return order.order_id

    async def pay(self, *, now: bool) -> None:
        wanted: Command[Any] = ResumeModule() if now else PauseModule()
        reply = await asked(self._host, wanted, source="payments", module="payments")
        assert reply.outcome == "answered"

    async def get(self, order_id: UUID, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(f"/v1/orders/{order_id}", headers=sent)

    async def events(self, order_id: UUID, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(f"/v1/orders/{order_id}/events", headers=sent)


async def waiting_without_a_word(
    shop: Shop, opened: Till, monkeypatch: pytest.MonkeyPatch
) -> "asyncio.Future[httpx.Response]":
    """Somebody who waits for an order that is paid, and whom no word of it reaches: it has to be asked for again."""
    monkeypatch.setattr(follower, "AGAIN_SECONDS", 0.05)
    outcomes = shop.harness.host.modules["orders"].receiver._services.outcomes
    monkeypatch.setattr(outcomes, "on_reply", lambda _envelope, _reply: None)
    order = await opened.place()
    waits = asyncio.ensure_future(opened.get(order, Prefer="wait=50"))
    await until(lambda: opened.waiting == 1)
    await opened.pay(now=True)
    return waits


@asynccontextmanager
async def till(shop: Shop, **limits: Any) -> AsyncIterator[Till]:
    """Payments wait."""
    made = Till(shop, **limits)
    await made.pay(now=False)
    async with made.client:
        yield made
