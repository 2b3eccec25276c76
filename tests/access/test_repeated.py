"""A request is repeated by whoever sent it: to somebody else, what it was answered is not shown."""

from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.access.counter import Counter, counter

pytestmark = pytest.mark.asyncio
ORDER = {
    "customer": {"email": "ada@example.org"},
    "currency": "GBP",
    "lines": [{"sku": "LANTERN", "quantity": 1}],
    "payment_token": "tok_visa",
}


async def placed(shop: Counter, who: str, order_id: str, key: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {shop.credentials[who]}"}
    if key is not None:
        headers["Idempotency-Key"] = key
    return await shop.client.post(
        "/v1/orders", json=ORDER | {"order_id": order_id}, headers=headers
    )


@pytest.mark.parametrize("key", [None, "k-1"])
async def test_an_id_that_somebody_else_has_used_is_taken_with_the_same_content_too(
    tmp_path: Path, key: str | None
) -> None:
    async with counter(tmp_path) as shop:
        order_id = str(uuid4())
        first = await placed(shop, "owner", order_id, key)
        again = await placed(shop, "owner", order_id)
        other = await placed(shop, "other customer", order_id, key)

    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (other.status_code, other.json()["type"]) == (409, "urn:amphibus:problem:id-taken")
    assert other.headers["x-request-id"] != first.headers["x-request-id"]
