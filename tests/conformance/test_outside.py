"""The step before the transaction: what is not ours is called there, and nowhere else."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from amphibus.context import UNKNOWN, Context, Outside
from amphibus.errors import RequestTimeout
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


async def test_its_result_is_handed_to_the_handler(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Call(book="b", line=1), message_id="m1")
        await shop.settle()

    assert office.script.outside_results == ["heard m1"]


async def test_it_runs_while_no_transaction_is_open(office: Office) -> None:
    """A provider that takes seconds must not keep the module from writing."""
    async with office.open() as shop:
        await shop.send(desk.Call(book="a", line=0, mood="outside hold"))
        await until(lambda: office.script.held)
        await shop.request(desk.Write(book="b", line=1))

        assert office.lines("desk") == [("b", 1, "wrote")]
        office.script.gate.set()
        await shop.settle()


async def test_what_does_not_end_in_time_is_unknown(office: Office) -> None:
    """It may have taken effect: the handler has to say so, and nobody may guess."""
    async with office.open(business=project(outside_timeout=0.05)) as shop:
        await shop.send(desk.Call(book="b", line=1, mood="outside hold"))
        await shop.settle()

    assert office.script.outside_results == [UNKNOWN]
    assert office.numbers("desk", "b") == [1]


async def test_its_idempotency_id_is_the_same_on_every_attempt(office: Office) -> None:
    """Else a payment that is retried is a second payment."""
    async with office.open(quick_retries=1) as shop:
        await shop.send(desk.Call(book="b", line=1, mood="fail 4"), message_id="m1")
        await shop.settle()
        for _ in range(4):
            await shop.advance(minutes=6)

    assert office.script.runs["desk outside", "m1"] == 5
    assert office.script.outside_results == ["heard m1"] * 5


async def test_it_is_not_called_for_a_message_that_is_known(office: Office) -> None:
    async with office.open() as shop:
        for _ in range(2):
            await shop.request(desk.Call(book="b", line=1), message_id="m1")

    assert office.script.runs["desk outside", "m1"] == 1


async def test_it_is_not_called_for_a_message_that_is_dead(office: Office) -> None:
    async with office.open(max_attempts=1) as shop:
        await shop.send(desk.Call(book="b", line=1, mood="broken"), message_id="m1")
        await shop.settle()
        await shop.send(desk.Call(book="b", line=1, mood="broken"), message_id="m1")
        await shop.settle()
        office.change(
            "gateway", "INSERT INTO amphibus_delivery (destination, seq) VALUES ('desk', 1)"
        )
        shop.host.wake()
        await until(lambda: office.count("gateway", "amphibus_delivery") == 0)

    assert office.script.runs["desk outside", "m1"] == 1


async def test_it_is_not_called_for_a_message_that_waits_behind_another(office: Office) -> None:
    async with office.open(quick_retries=0) as shop:
        await shop.send(desk.Call(book="b", line=1, mood="fail 1"))
        await shop.settle()
        behind = await shop.send(desk.Call(book="b", line=2))
        await shop.settle()
        assert office.script.runs["desk outside", behind] == 0
        await shop.advance(minutes=1)

        assert office.script.runs["desk outside", behind] == 1

    assert office.numbers("desk", "b") == [1, 2]


async def test_it_is_not_left_out_when_its_key_is_freed_meanwhile(office: Office) -> None:
    """It seemed to wait behind a dead one; when its turn comes, an operator has given that up."""
    script = office.script
    original = script.act

    async def act(place: str, message: desk.Write, who: Context[Any]) -> None:
        await original(place, message, who)
        if message.book == "z":
            await (await who.db.connection()).execute(text("DELETE FROM amphibus_dead"))

    async with office.open(max_attempts=1) as shop:
        await shop.send(desk.Guard(book="b", line=0, mood="broken"))
        await shop.settle()
        script.act = act  # type: ignore[method-assign,assignment]
        await shop.send(desk.Write(book="z", line=0, mood="hold"))
        await until(lambda: script.held)
        identity = await shop.send(desk.Call(book="b", line=1))
        await until(lambda: shop.host.modules["desk"].writer._units)
        script.gate.set()
        await shop.settle()

    assert script.outside_results == [f"heard {identity}"]
    assert office.numbers("desk", "b") == [1]


async def test_a_step_that_is_cancelled_from_within_has_failed(office: Office) -> None:
    """Libraries cancel what they own; it must not take the message with it."""
    script = office.script
    original = script.act

    async def act(place: str, message: object, who: object) -> None:
        await original(place, message, who)  # type: ignore[arg-type]
        if place == "desk outside" and len(script.seen) == 1:
            raise asyncio.CancelledError

    script.act = act  # type: ignore[method-assign]
    async with office.open() as shop:
        await shop.send(desk.Call(book="b", line=1))
        await shop.settle()

    assert office.numbers("desk", "b") == [1]


async def test_an_owner_that_does_not_answer_for_a_while_costs_no_attempt(office: Office) -> None:
    """It may be starting again. One that never answers is too slow: that ends like any other failure."""
    answers = False

    async def ask(message: desk.Call, _outside: Outside[Any]) -> None:
        if message.line or not answers:
            raise RequestTimeout("readers.Count.v1 was not answered within 5 s", "it is away")

    business = project(step=ask)
    async with office.open(business=business, max_attempts=3, quick_retries=2) as shop:
        await shop.send(desk.Call(book="b", line=0), desk.Call(book="c", line=1))
        for _ in range(2):
            await shop.advance(seconds=10)
        assert [each["attempts"] for each in shop.delayed("desk")] == [0, 0]
        answers = True
        for _ in range(6):
            await shop.advance(minutes=10)

        assert [each["attempts"] for each in shop.inbox("desk")] == [1]
        assert [each["reason"] for each in shop.dead("desk")] == ["unanswered"]
