"""The payment provider as this module sees it: the promise that every adapter keeps."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of an authorisation. `code` says why it was declined."""

    approved: bool
    code: str = ""


class ProviderRefused(Exception):
    """The provider will not do this, now or later: somebody must look at it. Nothing was done."""


class PaymentProvider(Protocol):
    """Holds, collects and gives back customers' money.

    Each call carries an idempotency key: the same key again gives the same result and has no
    further effect, however the first call ended; so a call without an answer is simply made again.
    A `reference` names the one payment of an order. Amounts are to the cent. Every call raises
    `Unavailable` when the provider cannot be reached or has given no answer, and `ProviderRefused`
    for what cannot be done, or for a key that was used for something else.
    """

    async def authorize(
        self, key: str, *, reference: str, amount: Decimal, currency: str, token: str
    ) -> Decision:
        """Holds an amount on the card that the token stands for."""
        ...

    async def capture(self, key: str, *, reference: str) -> None:
        """Collects everything that is held."""
        ...

    async def void(self, key: str, *, reference: str) -> None:
        """Releases what is held; does nothing if nothing is."""
        ...

    async def refund(self, key: str, *, reference: str, amount: Decimal) -> None:
        """Gives back a part of the collected money, at most all of it."""
        ...
