"""`amphibus tap`: messages are shown as they pass, each once, and nobody works differently for it."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from amphibus.cli.look.passing import Passing, Signed
from amphibus.clock import SystemClock
from amphibus.inbox.steering import tap as tapping
from amphibus.inbox.steering.tap import Tap
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.messages.contracts.amphibus.v1 import ListAudit, TapMessages
from amphibus.messages.envelope import Envelope, Reply
from amphibus.testing.conformance.office import until
from amphibus.transports.direct.fleet.asking import Fleet, fleet_of
from tests.fleet.stand import Process, Street

pytestmark = pytest.mark.asyncio


class _Watch:
    """One who watches, by connections of his own."""

    def __init__(self, process: Process, signed: Signed | None = None, **wanted: Any) -> None:
        fleet = fleet_of(process.host.topology.modules, process.host.settings)
        assert fleet is not None
        self.fleet: Fleet = fleet
        self.passing = Passing(fleet, TapMessages(limit=500, **wanted), (), signed)

    async def news(self) -> list[tuple[str, str, str]]:
        found = await self.passing.news(await self.fleet.find())
        return [(each.module, each.message.type, each.message.outcome) for each in found]

    async def payloads(self) -> list[Any]:
        found = await self.passing.news(await self.fleet.find())
        return [json.loads(each.message.body or b"null") for each in found]


@asynccontextmanager
async def _at_work(street: Street, **wanted: Any) -> AsyncIterator[tuple[Process, _Watch]]:
    """Both modules in one process, and one who begins to watch."""
    async with street.process("old", "shelf", "till") as process:
        await process.until_it_works()
        watch = _Watch(process, **wanted)
        try:
            assert await watch.news() == []
            yield process, watch
        finally:
            await watch.fleet.close()


async def _sold(process: Process, *items: str) -> None:
    """Sells, until the till has rung for each that is not broken."""
    for each in items:
        process.take(each)
    shelf, till = (process.host.modules[each] for each in ("shelf", "till"))
    await until(lambda: not shelf.receiver.in_flight)
    async with asyncio.timeout(60):
        while till.receiver.in_flight or not await shelf.relay.idle():
            await asyncio.sleep(0)


def _tap(process: Process, module: str = "shelf") -> Tap:
    return process.host.modules[module].receiver._services.tap


async def test_each_message_is_told_once_when_its_receiver_is_done_with_it(street: Street) -> None:
    async with _at_work(street) as (process, watch):
        await _sold(process, "cup", "broken")
        assert sorted(await watch.news()) == [
            ("shelf", "shelf.Sell.v1", "delayed"),
            ("shelf", "shelf.Sell.v1", "handled"),
            ("till", "shelf.Sold.v1", "handled"),
        ]
        assert await watch.news() == []


async def test_two_who_watch_see_the_same_and_take_nothing_from_each_other(street: Street) -> None:
    async with _at_work(street) as (process, watch):
        other = _Watch(process)
        await _sold(process, "cup")
        try:
            assert await watch.news() == await other.news() != []
        finally:
            await other.fleet.close()


async def test_they_are_told_as_far_as_they_are_wanted(street: Street) -> None:
    both = ["shelf.Sell.v1", "shelf.Sold.v1"]
    wanted: list[tuple[dict[str, Any], list[str]]] = [
        ({"pattern": "shelf.Sell.*"}, both[:1] * 2),
        ({"pattern": "sold"}, both[1:] * 2),
        ({"pattern": "Sell"}, both[:1] * 2),
        ({"pattern": "nothing"}, []),
        ({"key": "plate"}, both),
        ({"correlation": "nobody"}, []),
    ]
    async with _at_work(street) as (process, _):
        await _sold(process, "cup", "plate")
        for each, found in wanted:
            watch = _Watch(process, **each)
            assert sorted(type_ for _, type_, _ in await watch.news()) == found, each
            await watch.fleet.close()


async def test_personal_data_is_left_out_unless_it_is_revealed_which_is_audited(
    street: Street,
) -> None:
    async with _at_work(street, bodies=True, pattern="Sell") as (process, watch):
        signed = Signed("ticket 4711", Operator(who="grace"))
        allowed = _Watch(process, signed, bodies=True, pattern="Sell")
        await _sold(process, "cup")
        shown, revealed = await watch.payloads(), await allowed.payloads()
        shelf = next(each for each in await watch.fleet.find() if each.module == "shelf")
        noted = await watch.fleet.ask(shelf, ListAudit(limit=10, before=1 << 60), seconds=5)
        await allowed.fleet.close()

    assert [each["buyer"] for each in shown] == ["***"]
    assert [each["buyer"] for each in revealed] == ["Ada Lovelace"]
    ((act,),) = [noted.entries]
    assert (act.what, act.who, act.reason, act.count) == ("RevealPassed", "grace", "ticket 4711", 1)
    assert act.object.startswith("messages that passed ")


async def test_nothing_is_remembered_while_nobody_watches(street: Street) -> None:
    async with street.process("old", "shelf", "till") as process:
        await process.until_it_works()
        await _sold(process, "cup")
        assert not _tap(process).watched
        assert not _tap(process)._passed


async def test_who_has_gone_is_forgotten_with_what_he_saw(street: Street) -> None:
    async with _at_work(street) as (process, watch):
        await _sold(process, "cup")
        await watch.news()
        tap = _tap(process)
        assert tap._passed
        tap._until = 0  # as after ten seconds
        await _sold(process, "plate")

        assert not tap.watched
        assert not tap._passed
        assert await watch.news() == [("till", "shelf.Sold.v1", "handled")]


async def test_who_looks_slowly_is_told_how_many_he_missed(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tapping, "_MOST", 3)
    async with _at_work(street, pattern="Sell") as (process, watch):
        await _sold(process, "first")
        await watch.news()
        await _sold(process, *(f"item {number}" for number in range(10)))
        assert len(await watch.news()) == 3
        assert watch.passing.missed == 7 + 7  # at the till too, whose were not looked for


async def test_long_payloads_are_not_held_in_memory(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tapping, "_LONGEST", 60)
    monkeypatch.setattr(tapping, "_MOST_BYTES", 150)
    async with _at_work(street, bodies=True, pattern="Sell") as (process, watch):
        await _sold(process, "a cup", "x" * 100, *"abcdef")
        held = [each.body for each in _tap(process)._passed]
        assert sum(len(each or b"") for each in held) <= 150
        assert await watch.payloads()

        await _sold(process, "y" * 100)
        assert await watch.payloads() == [None]


async def test_messages_of_a_megabyte_leave_only_their_heads_in_memory(street: Street) -> None:
    async with street.process("old", "shelf", "till") as process:
        tap = Tap(SystemClock())
        tap.tell(TapMessages(limit=1), process.host.topology.contracts.get)
        tracemalloc.start()
        try:
            for number in range(50):
                tap.answered(_large(number), Reply("answered"))
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        told = tap.tell(TapMessages(limit=500), process.host.topology.contracts.get).messages

    assert (len(told), {each.size for each in told}) == (50, {1_000_000})
    assert held < 10_000_000


def _large(number: int) -> Envelope:
    return Envelope(
        id=f"m-{number}",
        type="shelf.GetShelf.v1",
        source="till",
        key=None,
        time=0,
        correlation="m",
        causation=None,
        trace="",
        body=bytes(1_000_000),
    )
