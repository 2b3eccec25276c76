"""The word of receivers: what they do not say to have is kept; what they may have forgotten is not sent again."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from amphibus.inbox.system import answering
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from tests.conformance.pruning import prune

pytestmark = pytest.mark.asyncio

_SENT = "SELECT type FROM amphibus_outbox"
_AWAITED = "SELECT destination FROM amphibus_awaited ORDER BY destination"
_AGAIN = (
    "INSERT INTO amphibus_delivery (destination, seq, partition)"
    " SELECT CAST(? AS TEXT), seq, 0 FROM amphibus_outbox WHERE seq > 0 ON CONFLICT DO NOTHING"
)


async def test_the_word_of_a_receiver_that_may_have_forgotten_is_not_taken(office: Office) -> None:
    """Its sender was stopped for longer than an inbox remembers: "not arrived" would bring it a second time."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
    async with office.open("archive", "readers") as shop:
        await shop.advance(days=40)
        await prune(shop)
    for _ in range(2):
        async with office.open() as shop:
            await shop.settle()
            await prune(shop)

    assert office.query("desk", _AWAITED) == []
    assert office.numbers("readers", "b") == [1]


async def test_the_word_of_a_receiver_that_says_that_it_has_forgotten_is_not_taken(
    office: Office,
) -> None:
    """It remembered for a shorter time when it forgot: nothing that the sender could know."""
    keep = {"retention.retain_days": 7, "retention.inbox_retention_days": 7}
    async with office.open(settings=keep) as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
    async with office.open("archive", "readers", settings=keep) as shop:
        await shop.advance(days=20)
        await prune(shop)
    async with office.open(settings=keep | {"retention.inbox_retention_days": 30}) as shop:
        await shop.settle()
        await prune(shop)

    assert office.query("desk", _AWAITED) == []
    assert office.numbers("readers", "b") == [1]


@pytest.mark.parametrize("lost", [True, False])
async def test_a_receiver_that_lacks_what_it_said_to_have_is_told_once(
    office: Office, *, lost: bool
) -> None:
    """Its database was restored alone: what it lost is not sent again, since its peers have not lost it."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        await shop.advance(hours=1)
        await prune(shop)
    if lost:
        office.change("readers", "DELETE FROM amphibus_inbox")
    with capture_logs() as lines:
        async with office.open() as shop:
            await prune(shop)
            await prune(shop)

    older = [each for each in lines if each["event"] == "outbox.receiver_is_older"]
    found = [(each["module"], each["destination"], each["messages"]) for each in older]
    assert found == [("desk", "readers", 1)] * lost
    assert office.numbers("readers", "b") == [1]


async def test_what_a_receiver_does_not_have_is_kept_however_old_it_is(office: Office) -> None:
    """It has left its sender and may be lost on the way; the word of one receiver stands for no other."""
    async with office.open("desk", "archive") as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
    office.change("desk", "DELETE FROM amphibus_delivery")
    async with office.open("desk", "archive") as shop:
        for days in (8, 100):
            await shop.advance(days=days)
            await prune(shop)
            assert office.query("desk", _SENT) == [("desk.Written.v1",)]
            assert office.query("desk", _AWAITED) == [("readers",)]

    office.change("desk", _AGAIN, "readers")
    async with office.open() as shop:
        await shop.settle()
        await shop.advance(days=8)
        await prune(shop)
        assert office.count("desk", "amphibus_outbox") == 0
        assert office.count("desk", "amphibus_awaited") == 0
        assert [letter["reason"] for letter in shop.dead("readers")] == ["stale"]


async def test_a_receivers_word_outlives_what_it_remembers(office: Office) -> None:
    """It is asked soon: when another receiver is away for long, it has forgotten what it had."""
    async with office.open("desk", "archive") as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        await shop.advance(hours=1)
        await prune(shop)
        await shop.advance(days=31)
        await shop.host.modules["archive"].retention.prune()
        assert office.count("archive", "amphibus_inbox") == 0
        await prune(shop)

    assert office.query("desk", _AWAITED) == [("readers",)]


async def test_a_receiver_that_does_not_know_the_question_loses_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of an older version is asked again when it is a newer one; the log says it once for each."""
    with capture_logs() as lines:
        async with office.open() as shop:
            await shop.send(desk.Write(book="b", line=1))
            await shop.settle()
            with monkeypatch.context() as older:
                older.setattr(answering, "SYSTEM_CONTRACTS", {})
                for _ in range(3):
                    await shop.advance(days=8)
                    await prune(shop)
            assert office.query("desk", _AWAITED) == [("archive",), ("archive",), ("readers",)]
            await shop.advance(hours=1)
            await prune(shop)
            assert office.count("desk", "amphibus_outbox") == 0

    silent = [each["destination"] for each in lines if each["event"] == "outbox.unanswered"]
    assert sorted(each for each in silent if each != "desk") == ["archive", "readers"]


async def test_a_module_that_is_no_more_holds_nothing_for_ever(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
    office.change("desk", _AGAIN, "library")
    office.change("desk", "INSERT INTO amphibus_awaited SELECT 'library', seq FROM amphibus_outbox")
    async with office.open() as shop:
        shop.clock.advance(timedelta(days=6))  # what waits for nobody never rests
        await prune(shop)
        assert ("library",) in office.query("desk", _AWAITED)
        shop.clock.advance(timedelta(days=2))
        with capture_logs() as lines:
            await prune(shop)

    assert office.count("desk", "amphibus_outbox") == 0
    gone = [each["destination"] for each in lines if each["event"] == "outbox.no_receiver"]
    assert gone == ["library"]


async def test_what_was_committed_late_is_asked_about_before_it_is_forgotten(
    office: Office,
) -> None:
    """Its number was passed over when it was committed."""
    async with office.open("desk", "archive") as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
    office.change("desk", "DELETE FROM amphibus_delivery")
    office.change("desk", "INSERT INTO amphibus_meta VALUES ('asked_up_to', '1000')")
    async with office.open("desk", "archive") as shop:
        await shop.advance(days=8)
        await prune(shop)
        await prune(shop)

    assert office.query("desk", _SENT) == [("desk.Written.v1",)]
