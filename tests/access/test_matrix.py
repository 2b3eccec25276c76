"""Every route of the lock and everybody: nothing passes that is not declared, and everything declared passes."""

import asyncio
import time
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from tests.access.counter import ROUTES, WHO, Counter, counter

pytestmark = pytest.mark.asyncio
_NOT_GOOD: Final = ("expired", "wrong audience", "revoked")
_PATIENCE_SECONDS: Final = 60.0
_PASSED: Final = 200
"""Reached its handler, whatever that decided."""


async def test_nothing_passes_that_is_not_declared_and_all_that_is(tmp_path: Path) -> None:
    async with counter(tmp_path) as shop:
        assert await _differences(shop) == []


@pytest.mark.full
@pytest.mark.parametrize("on_server", [False, True], ids=["sqlite", "postgresql"])
async def test_so_it_is_over_a_broker(
    tmp_path: Path, request: pytest.FixtureRequest, *, on_server: bool
) -> None:
    from tests.services.postgres import database_in

    way: dict[str, Any] = {
        "transport": "rabbitmq",
        "amqp_url": str(request.getfixturevalue("broker")),
    }
    if not on_server:
        async with counter(tmp_path, **way) as shop:
            assert await _differences(shop) == []
        return
    with database_in(request.getfixturevalue("cluster")) as url:
        async with counter(tmp_path, **way, settings={"db_url": url}) as shop:
            assert await _differences(shop) == []


async def test_what_is_anothers_looks_as_what_is_not_there(tmp_path: Path) -> None:
    """By every route that names an order; only the id of the occurrence differs."""
    async with counter(tmp_path) as shop:
        for route in (each for each in ROUTES if "{order_id}" in each):
            theirs = await shop.ask("other customer", route)
            nowhere = await shop.ask("other customer", route, order_id=str(uuid4()))

            assert _said(theirs) == _said(nowhere), route


async def test_a_list_holds_ones_own_alone(tmp_path: Path) -> None:
    async with counter(tmp_path) as shop:
        lists = {who: await shop.ask(who, "GET /v1/orders") for who in WHO[1:5]}
        seen = {who: str(shop.order_id) in answer.text for who, answer in lists.items()}
        asked = {"Authorization": f"Bearer {shop.credentials['other customer']}"}
        of_owner = await shop.client.get("/v1/orders?customer_id=owner", headers=asked)

    assert seen == {"owner": True, "other customer": False, "viewer": True, "operator": True}
    assert of_owner.status_code == 404


async def test_what_was_accepted_and_is_on_its_way_is_its_senders_alone(tmp_path: Path) -> None:
    """The gateway answers for an owner that is away, and knows then whose it is."""
    async with counter(tmp_path, modules=("gateway",)) as shop:
        placed = await shop.ask("owner", "POST /v1/orders")
        order_id = placed.json()["order_id"]
        read = {
            who: await shop.ask(who, "GET /v1/orders/{order_id}", order_id=order_id)
            for who in ("owner", "other customer", "viewer")
        }

    assert placed.status_code == 202
    assert {who: each.status_code for who, each in read.items()} == {
        "owner": 200,
        "other customer": 503,
        "viewer": 200,
    }
    assert order_id not in read["other customer"].text


async def test_a_customer_who_does_not_say_who_he_is_owns_his_order(tmp_path: Path) -> None:
    async with counter(tmp_path) as shop:
        asked = {"Authorization": f"Bearer {shop.credentials['other customer']}"}
        body = {
            "customer": {"email": "b@c.example"},
            "currency": "GBP",
            "lines": [{"sku": "LANTERN", "quantity": 1, "unit_price": "3.39"}],
            "payment_token": "tok_visa",
        }
        placed = await shop.client.post("/v1/orders", json=body, headers=asked)
        await shop.shop.settle()
        read = await shop.client.get(placed.headers["location"], headers=asked)

    assert read.json()["customer"]["customer_id"] == "other"


async def _differences(shop: Counter) -> list[str]:
    """What passes and must not, and what must and does not."""
    found = []
    for route, entry in ROUTES.items():
        for who in WHO:
            answer = await _answered(shop, who, route)
            expected = _expected(who, entry, route)
            if _met(answer) != expected:
                said = f"{answer.status_code} {answer.text}"
                found.append(f"{who}: {route} is {said}, not {expected}")
    return found


async def _answered(shop: Counter, who: str, route: str) -> httpx.Response:
    """The answer once there is one: who reads is told to come again while a busy owner does not listen yet."""
    ends = time.monotonic() + _PATIENCE_SECONDS
    answer = await shop.ask(who, route)
    while answer.status_code == 503 and "retry-after" in answer.headers and time.monotonic() < ends:
        await asyncio.sleep(float(answer.headers["retry-after"]))
        answer = await shop.ask(who, route)
    return answer


def _met(answer: httpx.Response) -> int:
    code = answer.status_code
    if code >= 500:
        return code
    decided = code == 409 or (code == 404 and answer.json().get("code") == "sku_not_found")
    decided = decided or (code == 404 and answer.json().get("code") == "payment_not_found")
    return _PASSED if code < 300 or decided else code


def _expected(who: str, entry: dict[str, Any], route: str) -> int:
    """By the lock alone."""
    if who in _NOT_GOOD:
        return 401
    if entry["requires"] == "public":
        return _PASSED
    role = {"owner": "customer", "other customer": "customer"}.get(who, who)
    if who == "anonymous" or role not in entry["roles"]:
        return 401 if who == "anonymous" else 403
    mine = "owned_by" not in entry or role in entry["over_all"] or who == "owner"
    return _PASSED if mine or route == "GET /v1/orders" else 404


def _said(answer: httpx.Response) -> tuple[int, dict[str, Any]]:
    said = answer.json()
    said.pop("instance")
    return answer.status_code, said
