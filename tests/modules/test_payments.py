"""Money moves once, however often the provider has to be asked, and the books balance."""

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from dependency_injector import providers
from hypothesis import given
from hypothesis import strategies as st

from amphibus.testing import Harness
from contracts.payments import v1 as payments
from modules.payments.adapters.provider import Decision
from modules.payments.adapters.sandbox import Sandbox
from modules.payments.container import PaymentsContainer, Settings
from modules.payments.models import Account, Transfer
from tests.modules.shop import ROOT


class Mumbling(Sandbox):
    """A provider that does what it is asked, and then fails to say so, once for each call."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: Counter[str] = Counter()

    async def authorize(
        self, key: str, *, reference: str, amount: Decimal, currency: str, token: str
    ) -> Decision:
        decision = await super().authorize(
            key, reference=reference, amount=amount, currency=currency, token=token
        )
        self._mumble(key)
        return decision

    async def refund(self, key: str, *, reference: str, amount: Decimal) -> None:
        await super().refund(key, reference=reference, amount=amount)
        self._mumble(key)

    def _mumble(self, key: str) -> None:
        self.asked[key] += 1
        if self.asked[key] == 1:
            raise TimeoutError


@pytest.fixture
def provider(tmp_path: Path) -> Mumbling:
    return Mumbling(tmp_path / "provider.db")


@pytest_asyncio.fixture
async def desk(provider: Mumbling, tmp_path: Path) -> AsyncIterator[Harness]:
    """The payments module alone, with that provider."""
    container = PaymentsContainer(config=Settings().model_dump() | {"data_dir": str(tmp_path)})
    container.provider.override(providers.Object(provider))
    async with Harness.of(
        ROOT, modules=("payments",), data_dir=tmp_path, containers={"payments": container}
    ) as desk:
        yield desk


async def authorized(desk: Harness, amount: str = "10.00", token: str = "tok_visa") -> UUID:
    order_id = uuid4()
    await desk.send(
        payments.AuthorizePayment(
            order_id=order_id, amount=Decimal(amount), currency="GBP", payment_token=token
        )
    )
    await desk.advance(minutes=5)
    return order_id


async def view(desk: Harness, order_id: UUID) -> payments.PaymentView:
    return await desk.ask(payments.GetPayment(order_id=order_id))


@pytest.mark.asyncio
async def test_a_provider_that_gave_no_answer_is_asked_again_with_the_same_key(
    desk: Harness, provider: Mumbling
) -> None:
    """Another key would hold the money twice."""
    order_id = await authorized(desk)

    assert list(provider.asked.values()) == [2]
    assert (await view(desk, order_id)).status == "authorized"
    assert len(desk.seen(payments.PaymentAuthorized, order_id=order_id)) == 1


@pytest.mark.asyncio
async def test_capture_and_refund_are_booked_once_each(desk: Harness, tmp_path: Path) -> None:
    order_id, return_id = await authorized(desk), uuid4()
    await desk.send(payments.CapturePayment(order_id=order_id))
    await desk.send(
        payments.RefundPayment(order_id=order_id, return_id=return_id, amount=Decimal("2.50"))
    )
    await desk.advance(minutes=5)

    payment = await view(desk, order_id)
    assert (payment.captured, payment.refunded) == (Decimal("10.00"), Decimal("2.50"))
    assert payment.status == "partially_refunded"
    await desk.expect(payments.PaymentRefunded, order_id=order_id, amount=Decimal("2.50"))
    with closing(sqlite3.connect(tmp_path / "payments.db")) as books:
        booked = books.execute("SELECT debit, credit, amount FROM transfer ORDER BY amount")
        assert booked.fetchall() == [("returns", "provider", 250), ("provider", "sales", 1000)]


@pytest.mark.asyncio
async def test_a_refund_of_more_than_was_captured_is_never_booked(desk: Harness) -> None:
    """It ends among the dead letters, where somebody looks at it."""
    order_id = await authorized(desk)
    await desk.send(payments.CapturePayment(order_id=order_id))
    await desk.send(
        payments.RefundPayment(order_id=order_id, return_id=uuid4(), amount=Decimal("10.01"))
    )
    for _ in range(8):
        await desk.advance(hours=1)

    assert (await view(desk, order_id)).refunded == Decimal("0.00")
    assert [each["type"] for each in desk.dead("payments")] == ["payments.RefundPayment.v1"]


@pytest.mark.asyncio
async def test_a_declined_payment_says_why(desk: Harness) -> None:
    order_id = await authorized(desk, token="tok_chargeDeclinedInsufficientFunds")

    declined = await desk.expect(payments.PaymentDeclined, order_id=order_id)
    assert declined.code == "insufficient_funds"
    assert (await view(desk, order_id)).authorized == Decimal("0.00")


@pytest.mark.asyncio
async def test_payments_are_switched_off_and_on_while_the_module_runs(
    desk: Harness, provider: Mumbling
) -> None:
    """What an attempt that died had held is let go of, and the next payment is authorised as ever."""
    before = await authorized(desk)
    desk.host.live.take({"modules.payments.accepts": False})
    asked = len(provider.asked)
    declined = await authorized(desk)
    await desk.expect(payments.PaymentDeclined, order_id=declined, code="payments_off")
    await desk.expect(payments.VoidPayment, order_id=declined)
    meanwhile = len(provider.asked)
    desk.host.live.take({})
    after = await authorized(desk)

    states = [(await view(desk, each)).status for each in (before, declined, after)]
    assert states == ["authorized", "declined", "authorized"]
    assert meanwhile == asked


@given(
    st.lists(
        st.tuples(
            st.permutations(list(Account)), st.decimals(min_value="0.01", max_value=10**9, places=2)
        )
    )
)
def test_the_books_balance_whatever_is_booked(booked: list[tuple[list[Account], Decimal]]) -> None:
    """A transfer is one row with two sides, so no crash can leave half of it behind."""
    balances: Counter[str] = Counter()
    for (debit, credit, _), amount in booked:
        transfer = Transfer(
            message_id="m",
            order_id=UUID(int=1),
            debit=debit,
            credit=credit,
            amount=amount,
            currency="GBP",
            booked_at=datetime(2026, 3, 1, tzinfo=UTC),
        )
        assert sum(value for _, value in transfer.entries) == 0
        for account, value in transfer.entries:
            balances[account] += value  # type: ignore[assignment]  # a Counter of decimals

    assert sum(balances.values()) == 0
