"""Promise 2: effects happen once, and a repetition gets the same reply."""

import pytest

from amphibus.errors import Refused
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office

pytestmark = pytest.mark.asyncio


async def test_a_message_sent_twice_takes_effect_once(office: Office) -> None:
    async with office.open() as shop:
        for _ in range(3):
            await shop.send(desk.Write(book="b", line=1), message_id="same")
            await shop.settle()

    assert office.numbers("desk", "b") == [1]
    assert office.numbers("archive", "b", "filed") == [1]
    assert office.numbers("readers", "b") == [1]


async def test_an_event_delivered_twice_takes_effect_once(office: Office) -> None:
    """The second delivery comes past every outbox, as a broker's redelivery does."""
    async with office.open() as shop:
        for _ in range(2):
            await shop.publish(desk.Written(book="b", line=1), message_id="same")
        await shop.settle()

    assert office.numbers("readers", "b") == [1]
    assert office.numbers("archive", "b", "heard") == [1]


async def test_a_repetition_is_known_after_a_restart(office: Office) -> None:
    """Memory alone would forget; so would a clean-up at start."""
    async with office.open() as shop:
        await shop.publish(desk.Written(book="b", line=1), message_id="same")
        await shop.settle()
    async with office.open() as shop:
        await shop.publish(desk.Written(book="b", line=1), message_id="same")
        await shop.settle()

    assert office.numbers("readers", "b") == [1]


async def test_the_same_id_from_two_senders_is_two_messages(office: Office) -> None:
    """Ids are unique within their source only: CloudEvents says so."""
    async with office.open() as shop:
        await shop.publish(desk.Written(book="b", line=1), source="desk", message_id="same")
        await shop.publish(desk.Written(book="b", line=2), source="other", message_id="same")
        await shop.settle()

    assert sorted(office.numbers("readers", "b")) == [1, 2]


async def test_an_id_is_any_text_of_up_to_128_characters(office: Office) -> None:
    """The broker's own field for it holds 255 bytes."""
    identity = "é𝄞" * 64
    async with office.open() as shop:
        for _ in range(2):
            await shop.publish(desk.Written(book="b", line=1), message_id=identity)
            await shop.settle()
        await shop.send(desk.Write(book="b", line=2), message_id=identity)
        await shop.settle()
        (known,) = [each for each in shop.inbox("desk") if each["id"] == identity]

        assert known["outcome"] == "handled"
    assert office.numbers("readers", "b") == [1, 2]


async def test_each_subscriber_remembers_for_itself(office: Office) -> None:
    """One memory for all would let the first subscriber starve the second."""
    async with office.open("archive") as shop:
        await shop.publish(desk.Written(book="b", line=1), message_id="same")
        await shop.settle()
    async with office.open() as shop:
        await shop.publish(desk.Written(book="b", line=1), message_id="same")
        await shop.settle()

    assert office.numbers("archive", "b", "heard") == [1]
    assert office.numbers("readers", "b") == [1]


async def test_a_failed_attempt_leaves_no_effect(office: Office) -> None:
    """A handler's writes and messages are gone when it fails, even in a commit shared with others."""
    async with office.open() as shop:
        await shop.send(
            desk.Write(book="a", line=1),
            desk.Write(book="b", line=2, mood="fail 2"),
            desk.Write(book="c", line=3),
        )
        await shop.settle()

    for book, line in (("a", 1), ("b", 2), ("c", 3)):
        assert office.numbers("desk", book) == [line]
        assert office.numbers("archive", book, "filed") == [line]
        assert office.numbers("readers", book) == [line]


async def test_what_a_handler_sends_leaves_with_its_effects_or_never(office: Office) -> None:
    async with office.open(max_attempts=1) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="broken"))
        await shop.settle()

        assert shop.seen(desk.Written) == []

    assert office.lines("desk") == office.lines("archive") == office.lines("readers") == []


async def test_a_repeated_request_gets_the_same_answer(office: Office) -> None:
    """The answer speaks of what was then, not of what would be now."""
    async with office.open() as shop:
        first = await shop.request(desk.Write(book="b", line=1), message_id="same")
        await shop.request(desk.Write(book="b", line=2))
        again = await shop.request(desk.Write(book="b", line=1), message_id="same")

    assert first == again == desk.Noted(book="b", line=1, page=0)
    assert office.numbers("desk", "b") == [1, 2]


async def test_a_repeated_request_gets_the_same_refusal(office: Office) -> None:
    async with office.open() as shop:
        for _ in range(2):
            with pytest.raises(Refused) as refusal:
                await shop.request(
                    desk.Write(book="b", line=1, mood="refuse full"), message_id="same"
                )
            assert (refusal.value.code, refusal.value.detail) == ("full", "not today")

    assert office.script.runs["desk", "same"] == 1
    assert office.lines("desk") == []


async def test_a_repetition_while_the_first_runs_waits_for_it(office: Office) -> None:
    async with office.open() as shop:
        call = desk.Call(book="b", line=1, mood="outside hold")
        for _ in range(2):
            await shop.send(call, message_id="same")
        office.script.gate.set()
        await shop.settle()

    assert office.numbers("desk", "b") == [1]
    assert office.script.runs["desk outside", "same"] == 1
