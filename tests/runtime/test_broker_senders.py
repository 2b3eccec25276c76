"""A message is believed where exchange, key and sender fit its type."""

from typing import Any

import pytest

from amphibus.config.settings import ProducerSettings
from amphibus.messages.contracts.amphibus.v1 import Arrived
from amphibus.messages.envelope import Envelope
from amphibus.testing.conformance.business import project
from amphibus.transports.rabbitmq.incoming.senders import Senders
from amphibus.transports.rabbitmq.names import Names
from amphibus.transports.rabbitmq.properties import Arrival

NAMES = Names("shop", "dev", 2, project().topology())
TILL = {"till": ProducerSettings(sends=("desk.Write.v1",))}


def envelope(type_: str, source: str) -> Envelope:
    given: dict[str, Any] = {"key": "b", "time": 0, "correlation": "c", "causation": None}
    return Envelope(id="m", type=type_, source=source, trace="t", body=b"{}", **given)


def arrival(exchange: str, key: str, user: str) -> Arrival:
    return Arrival(b"{}", {}, "m", "", user, "", "", exchange, key)


def why(
    module: str, said: str, source: str, *, by: str, key: str, user: str | None = None
) -> str | None:
    senders = Senders(module, NAMES, verify=user is not None, producers=TILL)
    exchange = NAMES.prefix + by if by else ""
    return senders.forgery(envelope(said, source), arrival(exchange, key, NAMES.prefix + str(user)))


@pytest.mark.parametrize(
    ("module", "said", "source", "by", "key"),
    [
        ("desk", "desk.Write.v1", "gateway", "desk.commands", "desk.Write.v1.p0"),
        ("desk", "desk.Write.v1", "gateway", "desk.commands", "desk.Write.v1.now"),
        ("desk", "desk.Write.v99", "gateway", "desk.commands", "desk.Write.v99.p0"),
        ("readers", "desk.Written.v1", "desk", "desk.events", "desk.Written.v1.p0"),
        ("readers", "desk.Written.v1", "desk", "desk.events", "desk.Written.v1.p0.readers"),
        (
            "readers",
            Arrived.contract_type,
            "desk",
            "readers.commands",
            f"{Arrived.contract_type}.now",
        ),
        ("desk", Arrived.contract_type, "gateway", "desk.commands", f"{Arrived.contract_type}.now"),
    ],
)
def test_what_comes_by_its_own_way_is_believed(
    module: str, said: str, source: str, by: str, key: str
) -> None:
    assert why(module, said, source, by=by, key=key) is None
    assert why(module, said, source, by=by, key=key, user=source) is None


@pytest.mark.parametrize(
    ("module", "said", "by", "key", "reason"),
    [
        ("desk", "desk.Write.v1", "desk.commands", "desk.Call.v1.p0", "published as"),
        ("desk", "desk.Write.v1", "desk.events", "desk.Write.v1.p0", "no event"),
        ("desk", "desk.Write.v1", "", "desk.Write.v1.p0", "default exchange"),
        ("readers", "desk.Written.v1", "readers.commands", "desk.Written.v1.p0", "an event"),
        ("readers", "desk.Written.v1", "archive.events", "desk.Written.v1.p0", "would come by"),
        (
            "readers",
            Arrived.contract_type,
            "desk.events",
            f"{Arrived.contract_type}.now",
            "would come by",
        ),
    ],
)
def test_what_comes_by_another_way_is_not(
    module: str, said: str, by: str, key: str, reason: str
) -> None:
    assert reason in (why(module, said, "desk", by=by, key=key) or "")


@pytest.mark.parametrize(
    ("module", "said", "source", "user", "by", "reason"),
    [
        ("desk", "desk.Write.v1", "gateway", "till", "desk.commands", "was sent by user"),
        ("desk", "desk.Call.v1", "till", "till", "desk.commands", "does not declare"),
        ("archive", "archive.File.v1", "readers", "readers", "archive.commands", "not declare"),
        ("readers", "desk.Written.v1", "till", "till", "desk.events", "by desk alone"),
        (
            "readers",
            Arrived.contract_type,
            "archive",
            "archive",
            "readers.commands",
            "sends nothing to readers",
        ),
        ("desk", Arrived.contract_type, "till", "till", "desk.commands", "sends nothing to desk"),
        (
            "readers",
            Arrived.contract_type,
            "desk",
            "archive",
            "readers.commands",
            "was sent by user",
        ),
    ],
)
def test_where_users_are_not_shared_each_sends_what_it_declares(
    module: str, said: str, source: str, user: str, by: str, reason: str
) -> None:
    form = "now" if said == Arrived.contract_type else "p0"
    found = why(module, said, source, by=by, key=f"{said}.{form}", user=user)

    assert reason in (found or "")
