"""A message is handled only where it came by the way of its type; what was confirmed is never just gone."""

from typing import Any

import pytest
from aiormq.exceptions import PublishError

from amphibus.messages.envelope import Envelope
from amphibus.testing.conformance.office import Office, until
from amphibus.transports.rabbitmq.names import Names
from tests.rabbitmq.test_strangers import envelope, send

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("forged", "instead", "why"),
    [
        (envelope(), {"key": "desk.Call.v1.p0"}, "published as desk.Call.v1"),
        (envelope(), {"exchange": ""}, "the default exchange"),
        (envelope(type="desk.Written.v1"), {}, "is an event"),
        (
            envelope(type="archive.File.v1", source="desk"),
            {"key": "archive.File.v1.p0"},
            "archive.commands",
        ),
    ],
)
async def test_the_type_is_not_believed_where_the_way_does_not_fit(
    office: Office,
    names: Names,
    channel: Any,
    forged: Envelope,
    instead: dict[str, str],
    why: str,
) -> None:
    """The broker lets a user in by exchange and key; what is done is chosen by the header."""
    if instead.get("exchange") == "":
        instead = {"exchange": "", "key": names.partition_queue("desk", 0)}
    else:
        instead = {"exchange": names.commands("desk")} | instead
    async with office.open() as shop:
        await send(channel, names, forged, user="guest", **instead)
        await until(lambda: office.count("desk", "amphibus_dead"))
        await shop.settle()
        (letter,) = shop.dead("desk")

    assert letter["reason"] == "forged"
    assert why in letter["error"]
    assert office.lines("desk") == office.lines("archive") == []


async def test_a_command_does_not_come_by_an_exchange_of_events(
    office: Office, names: Names, channel: Any
) -> None:
    body = b'{"book": "b", "line": 1}'
    forged = envelope(body, type="archive.File.v1", source="desk")
    instead = {"exchange": names.events("desk"), "key": "desk.Written.v1.p0"}
    async with office.open() as shop:
        await send(channel, names, forged, user="guest", **instead)
        await until(lambda: office.count("archive", "amphibus_dead"))
        await shop.settle()
        reasons = {letter["reason"] for letter in shop.dead("archive") + shop.dead("readers")}

    assert reasons == {"forged"}
    assert office.lines("archive") == []


async def test_what_is_published_with_its_plain_type_comes_back(
    office: Office, names: Names, channel: Any
) -> None:
    """It would reach the queue of what is asked and kept by nobody."""
    async with office.open() as shop:
        await shop.settle()
        with pytest.raises(PublishError):
            await send(channel, names, envelope(), user="guest", key="desk.Write.v1")


@pytest.mark.parametrize(
    ("sent", "written", "dead"),
    [
        (envelope(), [1], 0),
        (envelope(b"{}"), [], 1),
        (envelope(b'{"book": "b", "line": 1, "mood": "fail 9"}'), [], 1),
        (envelope(id=""), [], 1),
    ],
)
async def test_a_kept_command_that_comes_as_a_request_is_kept(
    office: Office, names: Names, channel: Any, sent: Envelope, written: list[int], dead: int
) -> None:
    """The broker has confirmed it: done, or a dead letter, and never just gone."""
    async with office.open(max_attempts=1, quick_retries=0) as shop:
        key = names.key_of_request("desk.Write.v1")
        await send(channel, names, sent, user="guest", key=key)
        await until(
            lambda: (
                office.numbers("desk", "b") == written
                and office.count("desk", "amphibus_dead") == dead
            )
        )
        await shop.settle()
