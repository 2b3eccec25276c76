"""Orders as the load generator sends them, and the stock that they are served from."""

import itertools
import json
import random
import uuid
from typing import Any, Final

SKUS: Final = tuple(f"SKU-{number:03}" for number in range(200))
_LINES: Final = 3
_DAY: Final = "2026-03-01T08:26:00Z"
PLENTY: Final = 1_000_000


class Orders:
    """Makes orders, each of three lines, all of which can be confirmed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)

    def another(self, prefix: str = "") -> tuple[str, bytes]:
        """Its reference, and its body for `POST /v1/orders`."""
        reference = f"{prefix}{next(self._numbers)}"
        order: dict[str, Any] = {
            "order_id": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "customer": {"customer_id": "C-1001", "email": "ada@example.com", "country": "France"},
            "currency": "EUR",
            "lines": [
                {
                    "sku": sku,
                    "description": "Metal lantern",
                    "quantity": self._random.randint(1, 5),
                    "unit_price": f"{self._random.randint(100, 9_999) / 100:.2f}",
                }
                for sku in self._random.sample(SKUS, _LINES)
            ],
            "payment_token": "tok_visa",
            "reference": reference,
            "placed_at": _DAY,
        }
        return reference, json.dumps(order).encode()


def receipt() -> bytes:
    """Stock of everything, for `POST /v1/stock/receipts`."""
    return json.dumps({"lines": [{"sku": sku, "quantity": PLENTY} for sku in SKUS]}).encode()
