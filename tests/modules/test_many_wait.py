"""Many wait for outcomes, and each costs what concerns him alone."""

import asyncio
from typing import Any

import pytest

from amphibus.gateway import outcome_stream
from amphibus.gateway.outcomes import follower
from amphibus.gateway.outcomes.follower import Followed, Follower
from amphibus.messages.contracts.amphibus.flow_answers import FlowOutcome, FlowOutcomes
from amphibus.testing.conformance.office import until
from tests.modules.shop import Shop
from tests.modules.till import FOREVER, till, waiting_without_a_word

pytestmark = pytest.mark.asyncio


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
    async with till(shop) as opened:
        waits = await waiting_without_a_word(shop, opened, monkeypatch)
        came: list[asyncio.Future[Any]] = []
        while not waits.done():
            another = Followed("orders", f"flow {len(came)}", ("orders.None.v1",))
            came.append(asyncio.ensure_future(opened.following.outcome(another)))
            await asyncio.sleep(0.005)
        for each in came:
            each.cancel()
        await asyncio.gather(*came, return_exceptions=True)

        assert (await waits).json()["status"] == "confirmed"


class _Owners:
    """The gateway's side of the runtime, where one owner alone answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ask_system(self, owner: str, asked: Any, _seconds: float) -> bytes:
        self.asked.append(owner)
        if owner != "orders":
            await asyncio.Event().wait()
        found = FlowOutcome(flow=asked.flows[0], id="e", type="orders.Done.v1", time=0)
        return FlowOutcomes(outcomes=(found,)).model_dump_json().encode()

    def listen(self, _identity: str, _on_reply: Any) -> str:
        return ""


async def test_an_owner_that_does_not_answer_keeps_nobody_from_the_word_of_another() -> None:
    owners: Any = _Owners()
    following = Follower(owners)
    frozen = [Followed(f"frozen {number}", "one", ("orders.Done.v1",)) for number in range(20)]
    waits = [asyncio.create_task(following.outcome(each)) for each in frozen]
    other = asyncio.create_task(following.outcome(Followed("orders", "two", ("orders.Done.v1",))))
    done, _ = await asyncio.wait((other,), timeout=30)

    assert done
    assert other.result().flow == "two"
    assert len(owners.asked) == 1 + len(frozen)
    for each in waits:
        each.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
