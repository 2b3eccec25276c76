"""Copies of one event leave together where all are ready for them, and each message of the modules is kept."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from amphibus.clock import SystemClock
from amphibus.config.settings import load_settings
from amphibus.messages.envelope import Envelope
from amphibus.testing.conformance.business import project
from amphibus.transports.rabbitmq.outgoing import departures as departing
from amphibus.transports.rabbitmq.outgoing.departures import Departures, Together, all_of
from amphibus.transports.rabbitmq.outgoing.parcel import Parcel
from amphibus.transports.rabbitmq.properties import properties_of
from amphibus.transports.rabbitmq.transport import RabbitTransport
from tests.architecture.tree import ROOT

pytestmark = pytest.mark.asyncio
HEARD = ("archive", "readers")


def envelope(identity: str = "m", type_: str = "desk.Written.v1") -> Envelope:
    given: dict[str, Any] = {"key": "b", "time": 0, "correlation": "c", "causation": None}
    return Envelope(id=identity, type=type_, source="desk", trace="t", body=b"{}", **given)


async def parcels_of(type_: str, *destinations: str) -> list[Parcel]:
    """What is published for destinations whose turn has come at once."""
    flags = {"amqp_url": "amqp://guest:guest@127.0.0.1:1/"}
    settings = load_settings(ROOT, mode="distributed", flags=flags, environ={})
    transport = RabbitTransport(project().topology(), settings, SystemClock())
    found: list[Parcel] = []
    transport._publisher.put = found.append  # type: ignore[method-assign,assignment]
    for destination in destinations:
        ((_, to),) = transport.routes((destination,))
        transport.deliver(to, envelope(type_=type_), lambda: None)
    await asyncio.sleep(0)
    return found


async def test_those_of_one_turn_leave_together() -> None:
    left: list[tuple[str, tuple[str, ...]]] = []
    departures = Departures(lambda what, together: left.append((what.id, tuple(together))))
    for identity in ("m", "n"):
        for each in HEARD:
            departures.put(each, envelope(identity), lambda: None)
    assert not departures.idle
    await asyncio.sleep(0)

    assert left == [("m", HEARD), ("n", HEARD)]
    assert departures.idle


async def test_one_that_cannot_leave_keeps_back_no_other_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(departing, "_AGAIN_SECONDS", 0.0)
    left: list[tuple[str, tuple[str, ...]]] = []
    fails = ["m"]

    def depart(what: Envelope, together: Together) -> None:
        if what.id in fails:
            fails.remove(what.id)
            raise OverflowError
        left.append((what.id, tuple(together)))

    departures = Departures(depart)
    for identity in ("m", "n"):
        for each in HEARD:
            departures.put(each, envelope(identity), lambda: None)
    async with asyncio.timeout(100):
        while len(left) < 2:
            await asyncio.sleep(0.001)

    assert left == [("n", HEARD), ("m", HEARD)]


async def test_a_time_before_all_times_of_the_protocol_is_its_first() -> None:
    """The clock of a machine whose battery is empty; the header has the time as it was."""
    early = properties_of(replace(envelope(), time=-86_400_000_000), user="guest")

    assert early.headers is not None
    assert str(early.headers["ce-time"]).startswith("1969-12-31T")
    assert bytes(8) in early.marshal()


async def test_all_of_them_are_told() -> None:
    told: list[str] = []
    together: Together = {each: lambda each=each: told.append(each) for each in HEARD}  # type: ignore[misc]
    all_of(together)()

    assert told == list(HEARD)


async def test_one_publish_serves_all_subscribers() -> None:
    (parcel,) = await parcels_of("desk.Written.v1", *HEARD)

    assert parcel.to.key.count(".") == 3
    assert parcel.apart is not None
    assert {each.to.key.rpartition(".")[2] for each in parcel.apart()} == set(HEARD)


async def test_whose_turn_has_not_come_gets_nothing() -> None:
    (parcel,) = await parcels_of("desk.Written.v1", "readers")

    assert parcel.to.key.endswith(".readers")
    assert parcel.target == "readers"


async def test_a_program_outside_hears_it_once() -> None:
    apart = [(await parcels_of("desk.Written.v1", each))[0] for each in HEARD]

    outside = [(each.properties.headers or {}).get("BCC") for each in apart]
    assert outside == [["desk.Written.v1.outside"], None]


@pytest.mark.parametrize(
    ("type_", "destination"), [("desk.Written.v1", "readers"), ("desk.Write.v1", "desk")]
)
async def test_every_message_of_a_module_is_written_down_by_the_broker(
    type_: str, destination: str
) -> None:
    (parcel,) = await parcels_of(type_, destination)

    assert parcel.properties.delivery_mode == 2
