"""Handlers and messages that misbehave hurt themselves alone: their failures are recorded, whatever is in them."""

import asyncio
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from amphibus.admin import dead
from amphibus.clock import SystemClock
from amphibus.context import Outside
from amphibus.contract import Message
from amphibus.errors import OwnerAway, RequestFailed
from amphibus.messages.envelope import Envelope
from amphibus.messages.failure import Failure
from amphibus.messages.ids import new_id, new_trace
from amphibus.messages.json_text import LARGE_BYTES
from amphibus.routing.codec import Codec, CodecEntry, to_bytes
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio
BOUNDED: dict[str, Any] = {"max_attempts": 2, "quick_retries": 1}


@pytest.mark.parametrize("what", ["nul", "surrogate"])
async def test_a_failure_is_recorded_whatever_its_text(office: Office, what: str) -> None:
    """A database that cannot hold the text of an error would make its message fail for ever."""
    async with office.open("desk", **BOUNDED) as shop:
        await shop.send(desk.Write(book="b", line=1, mood=f"says {what}"))
        await shop.send(desk.Write(book="b", line=2))
        await until(lambda: office.numbers("desk", "b") == [2])

        (letter,) = shop.dead("desk")
        assert letter["reason"] == "failed"
        assert letter["error"].startswith("Broken: ")
        assert shop.host.health.reasons() == {}


async def test_handlers_that_hang_in_one_batch_have_failed_once_each(office: Office) -> None:
    """The time of the second one is over when the batch is rerun: that is a failure like the first one's."""
    hanging = [desk.Write(book=book, line=1, mood="hold") for book in ("a", "b", "c")]
    async with office.open("desk", handler_timeout_seconds=0.2, quick_retries=0) as shop:
        await shop.send(*hanging)
        await until(lambda: len(shop.delayed("desk")) + len(shop.dead("desk")) == len(hanging))

        assert shop.dead("desk") == []
        assert {each["attempts"] for each in shop.delayed("desk")} == {1}
        office.script.gate.set()
        await shop.advance(minutes=6)
    assert len(office.lines("desk")) == len(hanging)


@pytest.mark.parametrize("key", ["b\x00", "\udce9", "key" * 1000])
async def test_a_message_that_cannot_be_kept_as_it_is_becomes_a_dead_letter_all_the_same(
    office: Office, key: str
) -> None:
    """From a sender that nobody checked. Others of its batch, and those behind it, go on."""
    async with office.open("desk", **BOUNDED) as shop:
        acknowledged = asyncio.Event()
        receiver = shop.host.modules["desk"].receiver
        receiver.take(_from_outside(key, mood="broken"), acknowledged.set)
        await shop.send(desk.Write(book="b", line=2))
        await until(acknowledged.is_set)
        await until(lambda: 2 in office.numbers("desk", "b"))

        (letter,) = shop.dead("desk")
        assert letter["reason"] in ("failed", "unrecordable")
        assert shop.host.health.reasons() == {}


async def test_a_handler_that_ends_the_process_has_failed(office: Office) -> None:
    async with office.open("desk", **BOUNDED) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="exit"))
        await shop.send(desk.Call(book="c", line=2, mood="outside exit"))
        await shop.settle()
        await shop.send(desk.Write(book="d", line=3))
        await shop.settle()

        assert {letter["reason"] for letter in shop.dead("desk")} == {"failed"}
        assert len(shop.dead("desk")) == 2
        with pytest.raises(RequestFailed) as failed:
            await shop.ask(desk.Count(book="b", mood="exit"))
        assert "SystemExit" in failed.value.why
        assert office.numbers("desk", "d") == [3]


async def test_a_task_that_outlives_its_handler_is_refused(office: Office) -> None:
    """Its transaction is over: what it sends would be lost, and what it writes be anybody's."""
    async with office.open("desk") as shop:
        await shop.send(desk.Write(book="b", line=1, mood="linger"))
        await shop.settle()
        office.script.gate.set()
        (said,) = await asyncio.gather(*office.script.lingering)

        assert said == ["HandlerEnded", "HandlerEnded", "HandlerEnded"]


async def test_a_plain_function_may_block_while_others_go_on(office: Office) -> None:
    """As an HTTP client that knows nothing of event loops does: it runs in a thread."""
    done = threading.Event()

    def block(_message: desk.Call, outside: Outside[Any]) -> str:
        done.wait(30)
        return outside.message_id

    async with office.open("desk", business=project(step=block)) as shop:
        identity = await shop.send(desk.Call(book="slow", line=1))
        await shop.send(desk.Write(book="b", line=2))
        await until(lambda: office.numbers("desk", "b") == [2])
        assert office.numbers("desk", "slow") == []
        done.set()
        await until(lambda: office.numbers("desk", "slow") == [1])

        assert office.script.outside_results == [identity]


async def test_who_needs_somebody_that_is_away_spends_no_attempt(office: Office) -> None:
    async def ask(_message: desk.Call, _outside: Outside[Any]) -> None:
        raise OwnerAway("the archive is away", "it was not done", "start it")

    async with office.open("desk", business=project(step=ask), **BOUNDED) as shop:
        await shop.send(desk.Call(book="b", line=1))
        await until(lambda: shop.delayed("desk"))

        (waiting,) = shop.delayed("desk")
        assert waiting["attempts"] == 0
        assert shop.dead("desk") == []


async def test_a_dead_letter_that_was_given_up_is_no_success(office: Office) -> None:
    async with office.open("desk", max_attempts=1, quick_retries=0) as shop:
        identity = await shop.send(desk.Write(book="b", line=1, mood="broken"))
        await shop.settle()
        stores = office.stores("desk")
        await dead.discard(stores, await dead.found_at_rest(stores))

        with pytest.raises(RequestFailed) as failed:
            await shop.request(desk.Write(book="b", line=1, mood="broken"), message_id=identity)
        assert "gave it up" in failed.value.why


async def test_another_message_under_a_known_id_changes_nothing_and_is_told(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    async with office.open("desk") as shop:
        receiver, acknowledged = shop.host.modules["desk"].receiver, list[int]()
        for line in (1, 2):
            message = replace(_from_outside("b", line=line), id="m-1")
            receiver.take(message, partial(acknowledged.append, line))
        await until(lambda: acknowledged == [1, 2])

        assert office.numbers("desk", "b") == [1]
    assert "message.conflicting" in capsys.readouterr().out


@pytest.mark.parametrize(("reason", "blocks"), [("oversized", 1), ("forged", 0)])
async def test_a_refused_message_blocks_its_key_if_its_front_page_says_so(
    office: Office, reason: str, blocks: int
) -> None:
    """A forged one never does: to stop a key may be what its sender wants."""
    async with office.open("desk") as shop:
        acknowledged = asyncio.Event()
        message = _from_outside("b", contract=desk.Guard)
        receiver = shop.host.modules["desk"].receiver
        receiver.refuse(message, Failure(reason, "too large"), acknowledged.set)
        await until(acknowledged.is_set)

        assert office.query("desk", "SELECT reason, blocks FROM amphibus_dead") == [
            (reason, blocks)
        ]


async def test_a_suspect_is_not_held_up_by_a_call_that_hangs(tmp_path: Path) -> None:
    """After a crash one message runs alone; the provider of another module is slow meanwhile."""
    office = Office("memory", tmp_path)
    journal = tmp_path / "crash-desk.journal"
    journal.write_text('+["desk", "gateway", "s1", 0]\n+["desk", "gateway", "s2", 0]\n')

    async def hang(_message: desk.Call, _outside: Outside[Any]) -> None:
        await office.script.gate.wait()

    async with office.open("desk", business=project(step=hang)) as shop:
        await shop.send(desk.Call(book="slow", line=1))
        await shop.send(desk.Write(book="s", line=2), message_id="s1")
        await shop.send(desk.Write(book="b", line=3))
        await until(
            lambda: office.numbers("desk", "b") == [3] and office.numbers("desk", "s") == [2]
        )
        office.script.gate.set()


def _from_outside(
    key: str, mood: str = "", contract: type[Any] = desk.Write, line: int = 1
) -> Envelope:
    message = contract(book="b", line=line, mood=mood)
    return Envelope(
        id=new_id(),
        type=contract.contract_type,
        source="outside",
        key=key,
        time=SystemClock().now(),
        correlation="c",
        causation=None,
        trace=new_trace(),
        body=message.model_dump_json().encode(),
    )


async def test_a_large_message_is_read_beside_the_loop(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be it kept or asked; a small one is read at once."""
    decode, read = Codec.decode, list[tuple[int, bool]]()

    def noted(codec: Codec, envelope: Envelope, entry: CodecEntry) -> Message:
        if not envelope.decoded:
            on_the_loop = threading.current_thread() is threading.main_thread()
            read.append((len(envelope.body) > LARGE_BYTES, on_the_loop))
        return decode(codec, envelope, entry)

    monkeypatch.setattr(Codec, "decode", noted)
    large = "x" * (LARGE_BYTES + 1)
    async with office.open("desk") as shop:
        for line, mood in enumerate(("", large)):
            message = desk.Write(book="b", line=line, mood=mood)
            receiver = shop.host.modules["desk"].receiver
            receiver.take(_envelope(message), lambda: None)
            await receiver.request(_envelope(message))
        await until(lambda: len(office.numbers("desk", "b")) == 4)

    assert sorted(read) == [(False, True)] * 2 + [(True, False)] * 2


def _envelope(message: desk.Write) -> Envelope:
    return Envelope(
        id=new_id(),
        type=desk.Write.contract_type,
        source="gateway",
        key=message.book,
        time=SystemClock().now(),
        correlation="flow",
        causation=None,
        trace=new_trace(),
        body=to_bytes(message),
    )
