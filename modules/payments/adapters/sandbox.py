"""A payment provider in a file, for development and tests: it takes Stripe's test tokens.

It keeps books of its own, apart from the module's database, as a real provider would, and repeats
its answers after any crash.
"""

import asyncio
import json
import sqlite3
import threading
import weakref
from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from amphibus import Unavailable
from modules.payments.adapters.provider import Decision, ProviderRefused

_CARDS: Final = (
    "visa",
    "visa_debit",
    "mastercard",
    "mastercard_debit",
    "mastercard_prepaid",
    "amex",
    "discover",
    "diners",
    "jcb",
    "unionpay",
)
_DECLINES: Final = {
    "tok_chargeDeclined": "card_declined",
    "tok_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "tok_chargeDeclinedLostCard": "lost_card",
    "tok_chargeDeclinedStolenCard": "stolen_card",
    "tok_chargeDeclinedExpiredCard": "expired_card",
    "tok_chargeDeclinedIncorrectCvc": "incorrect_cvc",
    "tok_chargeDeclinedProcessingError": "processing_error",
    "tok_chargeDeclinedFraudulent": "fraudulent",
}
DECISIONS: Final = {f"tok_{card}": Decision(approved=True) for card in _CARDS} | {
    token: Decision(approved=False, code=code) for token, code in _DECLINES.items()
}
"""The result of each token; all others are declined as `invalid_token`."""

_SCHEMA: Final = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS answered (
        key TEXT PRIMARY KEY, request TEXT NOT NULL, answer TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS hold (
        reference TEXT PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('held', 'captured', 'voided')),
        cents INTEGER NOT NULL CHECK (cents > 0),
        currency TEXT NOT NULL,
        refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND cents)
    ) WITHOUT ROWID;
"""


class Sandbox:
    """A `PaymentProvider` that lives in the file `path`; several processes may share it.

    While a file of the same name with the ending `.away` stands beside it, it cannot be reached.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_at_a_time = threading.Lock()

    @property
    def away(self) -> bool:
        """True if it cannot be reached. Setting it holds for every process."""
        return self._marker.exists()

    @away.setter
    def away(self, away: bool) -> None:
        if away:
            self._marker.parent.mkdir(parents=True, exist_ok=True)
            self._marker.touch()
        else:
            self._marker.unlink(missing_ok=True)

    async def authorize(
        self, key: str, *, reference: str, amount: Decimal, currency: str, token: str
    ) -> Decision:
        """Holds an amount, if the token is one that is approved."""

        def work() -> dict[str, Any]:
            decision = DECISIONS.get(token, Decision(approved=False, code="invalid_token"))
            if decision.approved:
                self._hold(reference, _cents(amount), currency)
            return {"approved": decision.approved, "code": decision.code}

        request = ["authorize", reference, str(amount), currency, token]
        return Decision(**await self._once(key, request, work))

    async def capture(self, key: str, *, reference: str) -> None:
        """Collects what is held."""
        await self._once(key, ["capture", reference], lambda: self._capture(reference))

    async def void(self, key: str, *, reference: str) -> None:
        """Releases what is held, if anything is."""
        await self._once(key, ["void", reference], lambda: self._void(reference))

    async def refund(self, key: str, *, reference: str, amount: Decimal) -> None:
        """Gives back a part of what was collected."""
        request = ["refund", reference, str(amount)]
        await self._once(key, request, lambda: self._refund(reference, _cents(amount)))

    async def _once(
        self, key: str, request: list[str], work: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Does the work and keeps its answer, in one transaction, unless the key has an answer."""
        if self.away:
            raise Unavailable("the payment provider cannot be reached")
        asked, plain = _digest(request), json.dumps(request)
        # In a thread, since a call over the network would let others go on meanwhile too.
        known_request, answer = await asyncio.to_thread(self._answer, key, asked, work)
        if known_request not in (asked, plain):  # books of earlier versions have it in plain
            raise ProviderRefused(f"the key {key} was used for another request")
        return answer

    def _answer(
        self, key: str, asked: str, work: Callable[[], dict[str, Any]]
    ) -> tuple[str, dict[str, Any]]:
        with self._one_at_a_time, self._books as books:
            books.execute("BEGIN IMMEDIATE")
            found = books.execute(
                "SELECT request, answer FROM answered WHERE key = ?", (key,)
            ).fetchone()
            if found is not None:
                return found[0], json.loads(found[1])
            answer = work()
            books.execute("INSERT INTO answered VALUES (?, ?, ?)", (key, asked, json.dumps(answer)))
            return asked, answer

    def _hold(self, reference: str, cents: int, currency: str) -> None:
        hold = self._find(reference)
        if hold is not None and hold["state"] != "voided":
            if (hold["cents"], hold["currency"]) != (cents, currency):
                raise ProviderRefused(f"{reference} is held with another amount")
            return
        self._books.execute(
            "INSERT OR REPLACE INTO hold (reference, state, cents, currency)"
            " VALUES (?, 'held', ?, ?)",
            (reference, cents, currency),
        )

    def _capture(self, reference: str) -> dict[str, Any]:
        hold = self._find(reference)
        if hold is None or hold["state"] == "voided":
            raise ProviderRefused(f"nothing is held for {reference}")
        self._books.execute("UPDATE hold SET state = 'captured' WHERE reference = ?", (reference,))
        return {}

    def _void(self, reference: str) -> dict[str, Any]:
        hold = self._find(reference)
        if hold is not None and hold["state"] == "captured":
            raise ProviderRefused(f"{reference} is collected already")
        self._books.execute("UPDATE hold SET state = 'voided' WHERE reference = ?", (reference,))
        return {}

    def _refund(self, reference: str, cents: int) -> dict[str, Any]:
        hold = self._find(reference)
        if hold is None or hold["state"] != "captured":
            raise ProviderRefused(f"nothing was collected for {reference}")
        if cents > hold["cents"] - hold["refunded"]:
            raise ProviderRefused(f"more than was collected for {reference}")
        self._books.execute(
            "UPDATE hold SET refunded = refunded + ? WHERE reference = ?", (cents, reference)
        )
        return {}

    def _find(self, reference: str) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._books.execute(
            "SELECT * FROM hold WHERE reference = ?", (reference,)
        ).fetchone()
        return found

    @property
    def _marker(self) -> Path:
        return self._path.with_suffix(self._path.suffix + ".away")

    @cached_property
    def _books(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        books = sqlite3.connect(
            self._path, isolation_level=None, timeout=5.0, check_same_thread=False
        )
        weakref.finalize(self, books.close)
        books.row_factory = sqlite3.Row
        books.executescript(_SCHEMA)
        return books


def _digest(request: list[str]) -> str:
    """A request as the books keep it: what it asks for whom, and nothing of the customer's token."""
    return json.dumps([*request[:2], sha256(json.dumps(request).encode()).hexdigest()])


def _cents(amount: Decimal) -> int:
    cents = amount.scaleb(2)
    if cents != cents.to_integral_value():
        raise ProviderRefused(f"{amount} is not to the cent")
    return int(cents)
