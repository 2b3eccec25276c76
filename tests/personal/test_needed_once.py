"""What is needed once, as the token of a card, is kept until it was used, and no longer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from structlog.testing import capture_logs

from amphibus.admin.inspection import look_into
from amphibus.contract import Command, Personal
from amphibus.database.persons.bodies import without_once
from amphibus.testing import Harness
from contracts.payments import v1 as payments
from tests.conformance.pruning import prune
from tests.modules.shop import ROOT, Shop, order_of
from tests.services.postgres import PostgresCluster, database_in

_TOKEN = "tok_visa_debit"  # a test token
_PLACES = (
    *(("gateway", "outbox"), ("orders", "inbox"), ("orders", "outbox"), ("payments", "inbox")),
    *(("orders", "dead"), ("payments", "dead"), ("payments", "delayed")),
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.full)])
def settings(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Databases in files, or on a server."""
    if request.param == "sqlite":
        yield {}
        return
    cluster: PostgresCluster = request.getfixturevalue("cluster")
    with database_in(cluster) as url:
        yield {"db_url": url}


def _holding(harness: Harness) -> list[str]:
    """The tables of messages in which the token stands."""
    return [
        f"{module} {table}"
        for module, table in _PLACES
        if any(
            _TOKEN.encode() in bytes(row["body"] or b"")
            for row in look_into(
                module, harness.host.settings, f"SELECT body FROM amphibus_{table}"
            )
        )
    ]


@pytest.mark.asyncio
async def test_a_token_is_forgotten_by_who_has_used_it_and_then_by_who_has_sent_it(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    async with Harness.of(ROOT, data_dir=tmp_path, settings=settings) as harness:
        shop = Shop(harness, tmp_path)
        await shop.receive(LANTERN=1)
        await shop.place({"LANTERN": 1}, token=_TOKEN)
        at_first = _holding(harness)
        await harness.advance(minutes=2)
        await prune(harness)

        assert at_first == ["gateway outbox", "orders outbox"]
        assert _holding(harness) == []
        (asked,) = harness.seen(payments.AuthorizePayment)  # still fits its contract
        assert asked.payment_token == "forgotten"
        assert len(harness.seen(payments.PaymentAuthorized)) == 1


@pytest.mark.asyncio
async def test_it_is_kept_for_a_receiver_that_does_not_have_it_yet(tmp_path: Path) -> None:
    away = ("gateway", "orders", "inventory")
    async with Harness.of(ROOT, modules=away, data_dir=tmp_path) as harness:
        shop = Shop(harness, tmp_path)
        await shop.receive(LANTERN=1)
        await shop.place({"LANTERN": 1}, token=_TOKEN)
        await harness.advance(minutes=10)
        await harness.host.modules["orders"].retention.prune()
        rows = look_into("orders", harness.host.settings, "SELECT body FROM amphibus_outbox")
        kept = [row["body"] for row in rows if _TOKEN.encode() in row["body"]]
    async with Harness.of(ROOT, data_dir=tmp_path) as harness:
        await harness.settle()
        authorized = harness.seen(payments.PaymentAuthorized)
        await harness.advance(minutes=90)
        await prune(harness)
        await prune(harness)

        assert len(kept) == len(authorized) == 1
        assert _holding(harness) == []


@pytest.mark.asyncio
async def test_a_repetition_is_known_though_it_still_has_the_token(tmp_path: Path) -> None:
    async with Harness.of(ROOT, data_dir=tmp_path) as harness:
        order = order_of({"FLYER": 1}, token=_TOKEN)
        with capture_logs() as lines:
            first = await harness.request(order, message_id="m-1")
            assert await harness.request(order, message_id="m-1") == first
            assert not [each for each in lines if each["event"] == "message.conflicting"]
            other = order.model_copy(update={"reference": "another"})
            await harness.request(other, message_id="m-1")

        assert [each for each in lines if each["event"] == "message.conflicting"]


@pytest.mark.asyncio
async def test_a_repetition_is_known_where_an_older_version_has_kept_the_token(
    tmp_path: Path,
) -> None:
    async with Harness.of(ROOT, data_dir=tmp_path) as harness:
        order = order_of({"FLYER": 1}, token=_TOKEN)
        first = await harness.request(order, message_id="m-1")
        await harness.host.modules["orders"].writer.submit(
            lambda transaction: transaction.sql.run(
                "UPDATE amphibus_inbox SET body = ? WHERE id = 'm-1'",
                order.model_dump_json().encode(),
            )
        )
        with capture_logs() as lines:
            assert await harness.request(order, message_id="m-1") == first

        assert not [each for each in lines if each["event"] == "message.conflicting"]


class _Charge(Command[None], example={"card": "4242-4242", "codes": [1], "note": "n"}):
    card: Annotated[str, Personal("payment", once=True)]
    codes: Annotated[list[int], Personal("payment", once=True)]
    note: str = ""


def test_it_keeps_all_else_of_a_payload_and_one_that_nobody_can_read() -> None:
    body = b'{"card":"4242-4242","codes":[1,2],"note":"4242-4242"}'

    assert without_once(body, _Charge) == b'{"card":"forgotten","codes":[0,0],"note":"4242-4242"}'
    assert without_once(b"no JSON", _Charge) == b"no JSON"
    assert without_once(body, payments.VoidPayment) is body
    assert without_once(body, None) is body
