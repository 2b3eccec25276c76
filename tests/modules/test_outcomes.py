"""A client waits for the outcome of its order, and is told by the commit that brings it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from inspect import getclosurevars
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import BaseModel

from amphibus.contract import Command
from amphibus.gateway import outcome_stream
from amphibus.gateway.app import Gateway, build_app
from amphibus.gateway.door import Door
from amphibus.gateway.outcomes import follower
from amphibus.gateway.outcomes.follower import Followed, Follower
from amphibus.gateway.outcomes.waiting import Waiting
from amphibus.messages.contracts.amphibus.v1 import PauseModule, ResumeModule
from amphibus.testing.conformance.office import until
from tests.conformance.asking import asked
from tests.modules.shop import Shop, order_of

pytestmark = pytest.mark.asyncio
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


@asynccontextmanager
async def till(shop: Shop, **limits: Any) -> AsyncIterator[Till]:
    """Payments wait."""
    made = Till(shop, **limits)
    await made.pay(now=False)
    async with made.client:
        yield made


async def told_by_the_commit(till: Till) -> None:
    """Both ways to wait, for the same order; nobody asks again meanwhile."""
    order = await till.place()
    waits = asyncio.gather(till.get(order, Prefer="respond-async, wait=50"), till.events(order))
    await until(lambda: till.waiting == 2 and till.followed)
    assert not waits.done()
    await till.pay(now=True)
    read, stream = await waits

    assert read.json()["status"] == "confirmed"
    assert read.headers["preference-applied"] == "wait=50"
    assert stream.headers["content-type"].startswith("text/event-stream")
    lines = dict(
        line.split(": ", 1) for line in stream.text.splitlines() if line and line[0] != ":"
    )
    assert lines["event"] == "OrderConfirmed"
    assert json.loads(lines["data"])["status"] == "confirmed"
    assert till.waiting == 0
    again = await till.events(order, Last_Event_ID=lines["id"])
    assert again.status_code == 204
    late = await till.events(order, Last_Event_ID="another")
    assert f"id: {lines['id']}" in late.text


async def test_who_waits_is_told_by_the_commit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "AGAIN_SECONDS", FOREVER)
    async with till(shop) as opened:
        await told_by_the_commit(opened)


async def test_a_word_that_is_lost_is_asked_for_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "AGAIN_SECONDS", 0.05)
    outcomes = shop.harness.host.modules["orders"].receiver._services.outcomes
    monkeypatch.setattr(outcomes, "on_reply", lambda _envelope, _reply: None)
    async with till(shop) as opened:
        order = await opened.place()
        waits = asyncio.ensure_future(opened.get(order, Prefer="wait=50"))
        await until(lambda: opened.waiting == 1)
        await opened.pay(now=True)

        assert (await waits).json()["status"] == "confirmed"


async def test_without_an_outcome_it_is_answered_as_it_stands(shop: Shop) -> None:
    async with till(shop, longest_wait_seconds=0.2) as opened:
        order = await opened.place()
        waited = await opened.get(order, Prefer="wait=50")
        nobody = await opened.events(uuid4())
        at_once = await opened.get(order, Prefer="wait=now")

    assert waited.json()["status"] == at_once.json()["status"] == "pending"
    assert "preference-applied" not in at_once.headers
    assert nobody.status_code == 404


async def test_places_are_few_and_end_with_the_process(shop: Shop) -> None:
    async with till(shop, waiters_per_client=1) as opened:
        order = await opened.place()
        first = asyncio.ensure_future(opened.events(order))
        await until(lambda: opened.waiting == 1)
        refused = await opened.events(order)
        at_once = await opened.get(order, Prefer="wait=50")
        opened.app.end()
        ended = await first
        assert opened.waiting == 0

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert at_once.json()["status"] == "pending"
    assert "preference-applied" not in at_once.headers
    assert (ended.status_code, "event:" in ended.text) == (200, False)


async def test_a_client_that_leaves_gives_its_place_back(shop: Shop) -> None:
    async with till(shop) as opened:
        order = await opened.place()
        left = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await left.wait()
            return {"type": "http.disconnect"}

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        for path, headers in (
            (f"/v1/orders/{order}/events", []),
            (f"/v1/orders/{order}", [(b"prefer", b"wait=50")]),
        ):
            left.clear()
            scope = {
                "type": "http",
                "method": "GET",
                "path": path,
                "query_string": b"",
                "headers": headers,
                "client": ("192.0.2.1", 1),
            }
            asked = asyncio.ensure_future(opened.app(scope, receive, send))
            await until(lambda: opened.waiting == 1)
            left.set()
            await asked
            assert opened.waiting == 0


async def test_nobody_who_waits_costs_nothing(shop: Shop) -> None:
    """No question is asked, and nothing is kept for a commit to look at."""
    async with till(shop) as opened:
        order = await opened.place()
        assert (await opened.get(order)).json()["status"] == "pending"
        assert opened.followed == {}


class _Flow(str):
    """A flow that counts how often it is looked at."""

    __slots__ = ("looks",)
    looks: int

    def __hash__(self) -> int:
        self.looks = getattr(self, "looks", 0) + 1
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other)


async def test_a_commit_wakes_only_whom_it_concerns(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait: nobody else is even looked at, by the owner or by the gateway."""
    monkeypatch.setattr(follower, "AGAIN_SECONDS", FOREVER)
    async with till(shop) as opened:
        following, owner = opened.following, opened.followed
        flows = [_Flow(f"flow {number}") for number in range(200)]
        others = [
            asyncio.ensure_future(following.outcome(Followed("orders", each, ("orders.None.v1",))))
            for each in flows
        ]
        order = await opened.place()
        waits = asyncio.ensure_future(opened.get(order, Prefer="wait=50"))
        await until(lambda: len(owner) == len(flows) + 1)
        await until(lambda: not following._new)
        looks = [each.looks for each in flows]
        await opened.pay(now=True)

        assert (await waits).json()["status"] == "confirmed"
        assert [each.looks for each in flows] == looks
        assert not any(each.done() for each in others)
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def test_who_waits_long_asks_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat is told to the client, and to nobody else."""
    monkeypatch.setattr(follower, "AGAIN_SECONDS", FOREVER)
    monkeypatch.setattr(outcome_stream, "HEARTBEAT_SECONDS", 0.001)
    asked = [0]
    ask = Follower._ask

    async def counted(self: Follower, some: Any) -> None:
        asked[0] += 1
        await ask(self, some)

    monkeypatch.setattr(Follower, "_ask", counted)
    async with till(shop) as opened:
        order = await opened.place()
        beats = [0]

        async def send(message: Any) -> None:
            beats[0] += message.get("body") == b": waiting\n\n"

        async def receive() -> dict[str, Any]:
            await until(lambda: beats[0] > 20)
            return {"type": "http.disconnect"}

        scope = {"type": "http", "method": "GET", "path": f"/v1/orders/{order}/events"}
        more = {"query_string": b"", "headers": [], "client": ("192.0.2.1", 1)}
        await opened.app(scope | more, receive, send)

    assert beats[0] > 20
    assert asked == [1]


async def test_those_who_come_all_the_time_put_nobody_else_off(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost word is asked for again then too."""
    monkeypatch.setattr(follower, "AGAIN_SECONDS", 0.05)
    outcomes = shop.harness.host.modules["orders"].receiver._services.outcomes
    monkeypatch.setattr(outcomes, "on_reply", lambda _envelope, _reply: None)
    async with till(shop) as opened:
        order = await opened.place()
        waits = asyncio.ensure_future(opened.get(order, Prefer="wait=50"))
        await until(lambda: opened.waiting == 1)
        await opened.pay(now=True)
        came: list[asyncio.Future[Any]] = []
        while not waits.done():
            another = Followed("orders", f"flow {len(came)}", ("orders.None.v1",))
            came.append(asyncio.ensure_future(opened.following.outcome(another)))
            await asyncio.sleep(0.005)
        for each in came:
            each.cancel()
        await asyncio.gather(*came, return_exceptions=True)

        assert (await waits).json()["status"] == "confirmed"
