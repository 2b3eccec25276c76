"""What every payment provider must keep, run on the one that stands in for all of them."""

from decimal import Decimal
from pathlib import Path

import pytest

from amphibus import Unavailable
from modules.payments.adapters.provider import Decision, PaymentProvider, ProviderRefused
from modules.payments.adapters.sandbox import DECISIONS, Sandbox

TEN = Decimal("10.00")
APPROVED = Decision(approved=True)


@pytest.fixture
def provider(tmp_path: Path) -> PaymentProvider:
    """A provider that approves `tok_visa` and declines `tok_chargeDeclined`."""
    return Sandbox(tmp_path / "deep" / "provider.db")


async def hold(provider: PaymentProvider, key: str = "k1", token: str = "tok_visa") -> Decision:
    return await provider.authorize(key, reference="o1", amount=TEN, currency="GBP", token=token)


@pytest.mark.asyncio
async def test_the_same_key_gives_the_same_decision_and_one_hold(provider: PaymentProvider) -> None:
    assert [await hold(provider), await hold(provider)] == [APPROVED, APPROVED]
    await provider.capture("k2", reference="o1")
    await provider.capture("k2", reference="o1")
    await provider.refund("k3", reference="o1", amount=TEN)
    await provider.refund("k3", reference="o1", amount=TEN)

    with pytest.raises(ProviderRefused, match="more than was collected"):
        await provider.refund("k4", reference="o1", amount=Decimal("0.01"))


@pytest.mark.asyncio
async def test_a_declined_card_holds_nothing(provider: PaymentProvider) -> None:
    assert await hold(provider, token="tok_chargeDeclined") == Decision(
        approved=False, code="card_declined"
    )
    with pytest.raises(ProviderRefused):
        await provider.capture("k2", reference="o1")


@pytest.mark.asyncio
async def test_a_key_cannot_be_used_for_something_else(provider: PaymentProvider) -> None:
    await hold(provider)
    with pytest.raises(ProviderRefused, match="k1"):
        await provider.void("k1", reference="o1")


@pytest.mark.asyncio
async def test_a_voided_hold_cannot_be_captured_and_may_be_voided_again(
    provider: PaymentProvider,
) -> None:
    await hold(provider)
    await provider.void("k2", reference="o1")
    await provider.void("k3", reference="o1")
    await provider.void("k4", reference="never held")
    with pytest.raises(ProviderRefused):
        await provider.capture("k5", reference="o1")


@pytest.mark.asyncio
async def test_what_was_collected_cannot_be_voided(provider: PaymentProvider) -> None:
    await hold(provider)
    await provider.capture("k2", reference="o1")
    with pytest.raises(ProviderRefused, match="collected already"):
        await provider.void("k3", reference="o1")


@pytest.mark.asyncio
async def test_what_it_refused_it_can_still_do_later(provider: PaymentProvider) -> None:
    """A refusal must leave no trace under its key, or mending the cause would not help."""
    with pytest.raises(ProviderRefused):
        await provider.capture("k2", reference="o1")
    await hold(provider)
    await provider.capture("k2", reference="o1")


@pytest.mark.asyncio
async def test_the_sandbox_remembers_its_answers_when_opened_again(tmp_path: Path) -> None:
    """A shop that was killed asks again; the provider must not have forgotten."""
    await hold(Sandbox(tmp_path / "provider.db"))
    again = Sandbox(tmp_path / "provider.db")
    assert await hold(again) == APPROVED
    await again.capture("k2", reference="o1")


@pytest.mark.asyncio
async def test_the_sandbox_can_be_away_and_come_back(tmp_path: Path) -> None:
    sandbox, other = Sandbox(tmp_path / "provider.db"), Sandbox(tmp_path / "provider.db")
    sandbox.away = True
    with pytest.raises(Unavailable):
        await hold(other)
    other.away = False
    assert await hold(sandbox) == APPROVED


@pytest.mark.parametrize("token", ["tok_visa", "tok_mastercard", "tok_amex"])
@pytest.mark.asyncio
async def test_the_sandbox_approves_the_usual_test_cards(token: str, tmp_path: Path) -> None:
    assert await hold(Sandbox(tmp_path / "provider.db"), token=token) == APPROVED


@pytest.mark.asyncio
async def test_the_sandbox_declines_tokens_it_does_not_know(tmp_path: Path) -> None:
    decision = await hold(Sandbox(tmp_path / "provider.db"), token="tok_of_somebody_else")
    assert decision == Decision(approved=False, code="invalid_token")
    assert all(each.approved != bool(each.code) for each in DECISIONS.values())
