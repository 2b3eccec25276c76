"""Principals: a message says for whom it is, and is believed only from those who may say so."""

import asyncio
import json
from dataclasses import replace

import pytest

from amphibus.access.principal import Principal, principal_of
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio
ADA = Principal("ada", "user", "acme", frozenset({"desk:write"}))
WITHOUT_SCOPES = Principal("ada", "user", "acme")


async def test_every_effect_says_for_whom_it_is(office: Office) -> None:
    """Scopes came in at the door, and stay there: a module sends by its own right."""
    async with office.open() as shop:
        shop.principal = ADA
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()

        assert _named(office, "desk") == [ADA]
        effects = [*_named(office, "archive"), *_named(office, "readers")]
        assert len(effects) > 1
        assert set(effects) == {WITHOUT_SCOPES}


async def test_so_does_what_is_sent_later(office: Office) -> None:
    async with office.open() as shop:
        shop.principal = ADA
        await shop.send(desk.Remind(book="b", line=1, minutes=5))
        await shop.advance(minutes=6)
        await until(lambda: _named(office, "archive"))

        assert _named(office, "archive") == [WITHOUT_SCOPES]


async def test_so_does_a_deadline_which_acts_itself(office: Office) -> None:
    async with office.open() as shop:
        shop.principal = ADA
        await shop.send(desk.Lend(book="b"))
        await shop.advance(days=9)
        rows = office.query(
            "desk", "SELECT extra FROM amphibus_outbox WHERE type = 'desk.Missed.v1'"
        )

    assert [principal_of(json.loads(extra)) for (extra,) in rows] == [
        Principal("ada", "user", "acme", actor="timer:desk")
    ]


@pytest.mark.parametrize(
    "said",
    [
        {"actor": "user:ada"},
        {"actor": "operator:root"},
        {"actor": "service:storefront", "onbehalfof": "user:ada"},
        {"actor": "service:storefront", "scopes": "*"},
        {"onbehalfof": "user:ada"},
        {"actor": "emperor:ada"},
    ],
)
async def test_a_forged_principal_is_dead_at_once(office: Office, said: dict[str, str]) -> None:
    """A program outside speaks for itself alone; its letter names nobody, should it be tried again."""
    async with office.open() as shop:
        await _from_a_program(shop, said)
        await until(lambda: office.count("desk", "amphibus_dead"))
        await shop.settle()
        (letter,) = shop.dead("desk")

        assert (letter["reason"], letter["attempts"]) == ("forged", 1)
        ((extra,),) = office.query("desk", "SELECT extra FROM amphibus_dead")
        assert principal_of(json.loads(extra or "{}")) == Principal()
        audit = office.query("desk", "SELECT what, who, object, count FROM amphibus_audit")
        assert audit == [("Forged", "sender storefront", "desk.Write.v1", 1)]

    assert office.numbers("desk", "b") == [1]


async def test_who_says_nothing_is_handled_as_before(office: Office) -> None:
    """Older senders know of no principals."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()

        assert _named(office, "readers") == [Principal()]

    assert office.numbers("desk", "b") == [1]


async def _from_a_program(shop: Harness, said: dict[str, str]) -> None:
    """Hands the transport what a program outside has sent: no module has it in its outbox."""
    await shop.send(desk.Write(book="b", line=1))
    await shop.settle()
    body = desk.Write(book="b", line=2).model_dump_json().encode()
    forged = replace(
        shop.outgoing()[0],
        id="forged",
        source="storefront",
        reply=False,
        extra=said,
        body=body,
        decoded=[],
    )
    taken = asyncio.Event()
    shop.host.transport.deliver(("desk",), forged, taken.set)
    async with asyncio.timeout(60):
        await taken.wait()


def _named(office: Office, module: str) -> list[Principal]:
    rows = office.query(module, "SELECT extra FROM amphibus_inbox ORDER BY seq")
    return [principal_of(json.loads(extra or "{}")) for (extra,) in rows]
