"""A client waits for the outcome of its order, and is told by the commit that brings it."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from amphibus.errors import StoreAway
from amphibus.gateway.outcomes import follower
from amphibus.testing.conformance.office import until
from tests.modules.shop import Shop
from tests.modules.till import FOREVER, Till, till, waiting_without_a_word

pytestmark = pytest.mark.asyncio


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
    async with till(shop) as opened:
        waits = await waiting_without_a_word(shop, opened, monkeypatch)

        assert (await waits).json()["status"] == "confirmed"


async def test_a_question_that_fails_in_any_way_is_asked_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream waits without an end: nobody else would find out."""
    async with till(shop) as opened:
        asking, broken = opened.following._asking, [3]
        ask = asking.ask_system

        async def breaks(*asked: Any) -> bytes:
            broken[0] -= 1
            if broken[0] >= 0:
                raise OSError("the line was cut")
            return await ask(*asked)

        monkeypatch.setattr(asking, "ask_system", breaks)
        waits = await waiting_without_a_word(shop, opened, monkeypatch)

        assert (await waits).json()["status"] == "confirmed"
        assert broken[0] < 0


async def test_a_store_that_is_away_is_told_to_who_wants_a_stream(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with till(shop) as opened:
        order = await opened.place()
        asking = opened.following._asking

        async def away(_identity: str) -> str | None:
            raise StoreAway("the server does not answer")

        monkeypatch.setattr(asking, "accepted_as", away)
        streams, reads = await opened.events(order), await opened.get(order, Prefer="wait=1")

        for answer in (streams, reads):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert "nothing was changed" in answer.json()["detail"]


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


async def test_a_network_of_ipv6_has_the_places_of_one_client(shop: Shop) -> None:
    async with till(shop, waiters_per_client=1) as opened:
        with (
            opened.room_for("2001:db8::1") as first,
            opened.room_for("2001:db8::2") as same_network,
            opened.room_for("2001:db8:0:1::1") as another,
        ):
            assert (first, same_network, another) == (True, False, True)


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
