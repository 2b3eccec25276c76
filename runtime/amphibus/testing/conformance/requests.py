"""Promise 7: a request ends in a reply, a typed error, or a timeout."""

import asyncio

import pytest

from amphibus.errors import OwnerAway, Refused, RequestFailed, RequestTimeout
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


async def test_a_command_is_answered_after_its_commit(office: Office) -> None:
    async with office.open() as shop:
        answer = await shop.request(desk.Write(book="b", line=1))

        assert answer == desk.Noted(book="b", line=1, page=0)
        assert office.numbers("desk", "b") == [1]


async def test_a_query_is_answered_with_what_is_committed(office: Office) -> None:
    async with office.open() as shop:
        await shop.request(desk.Write(book="b", line=1))

        assert await shop.ask(desk.Count(book="b")) == desk.Counted(lines=1)


async def test_a_query_does_not_wait_for_a_write(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1, mood="hold"))
        await until(lambda: office.script.held)

        assert await shop.ask(desk.Count(book="b")) == desk.Counted(lines=0)
        office.script.gate.set()
        await shop.settle()


async def test_nobody_listening_is_an_error_at_once(office: Office) -> None:
    async with office.open("archive") as shop:
        async with asyncio.timeout(1):
            with pytest.raises(OwnerAway):
                await shop.ask(desk.Count(book="b"), timeout=60)
            with pytest.raises(OwnerAway):
                await shop.request(desk.Write(book="b", line=1), timeout=60)

    async with office.open() as shop:
        await shop.settle()
    assert office.lines("desk") == []


async def test_no_answer_in_time_says_that_it_may_have_been_done(office: Office) -> None:
    async with office.open() as shop:
        held = desk.Write(book="b", line=1, mood="hold")
        async with asyncio.timeout(20):  # else it is waited for without an end
            with pytest.raises(RequestTimeout, match="not answered") as late:
                await shop.request(held, message_id="same", timeout=0.05)
        assert "may have been done" in late.value.why
        office.script.gate.set()
        answer = await shop.request(held, message_id="same")

    assert answer == desk.Noted(book="b", line=1, page=0)
    assert office.numbers("desk", "b") == [1]


async def test_a_request_that_fails_changed_nothing_and_may_be_asked_again(office: Office) -> None:
    """Its sender does not keep it, so nothing is delayed on its behalf."""
    async with office.open() as shop:
        with pytest.raises(RequestFailed):
            await shop.request(desk.Write(book="b", line=1, mood="broken"), message_id="same")
        assert office.lines("desk") == []
        assert shop.delayed("desk") == shop.dead("desk") == []
        office.script.healed = True
        await shop.request(desk.Write(book="b", line=1, mood="broken"), message_id="same")

    assert office.numbers("desk", "b") == [1]


async def test_what_a_refusal_says_arrives_as_it_was_said(office: Office) -> None:
    """No header holds it: it may have many lines."""
    why = "\n".join(["not today", *["nor tomorrow"] * 100])
    async with office.open() as shop:
        with pytest.raises(Refused) as refusal:
            await shop.request(desk.Write(book="b", line=1, mood=f"refuse full {why}"))

    assert refusal.value.detail == why


async def test_a_request_does_not_overtake_a_parked_message(office: Office) -> None:
    async with office.open(quick_retries=0) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="fail 1"))
        await shop.settle()
        with pytest.raises(OwnerAway, match="cannot do it now"):
            await shop.request(desk.Write(book="b", line=2))
        await shop.advance(minutes=1)
        await shop.request(desk.Write(book="b", line=2))

    assert office.numbers("desk", "b") == [1, 2]


async def test_a_query_that_fails_fails_alone(office: Office) -> None:
    async with office.open() as shop:
        with pytest.raises(RequestFailed):
            await shop.ask(desk.Count(book="b", mood="broken"))

        assert await shop.ask(desk.Count(book="b")) == desk.Counted(lines=0)


async def test_a_query_cannot_change_anything(office: Office) -> None:
    async with office.open() as shop:
        with pytest.raises(RequestFailed):
            await shop.ask(desk.Count(book="b", mood="scribble"))

    assert office.lines("desk") == []


async def test_the_reply_to_a_stored_command_finds_its_sender(office: Office) -> None:
    async with office.open() as shop:
        identity = "m1"
        replies: list[str] = []
        shop.host.transport.requests.expect_reply(
            identity, lambda reply: replies.append(reply.outcome)
        )
        await shop.send(desk.Write(book="b", line=1), message_id=identity)
        shop.host.transport.requests.expect_reply(
            identity, lambda reply: replies.append(reply.outcome)
        )
        await shop.settle()
        await until(lambda: replies)

    assert replies == ["answered"]
