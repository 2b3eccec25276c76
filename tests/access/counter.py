"""The shop behind its gateway's real door, and everybody who may stand before it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx

from amphibus.access.api_keys import ApiKey, new_key
from amphibus.access.lock import LOCK
from amphibus.access.principal import Principal
from amphibus.access.roles import read_roles
from amphibus.access.scopes import EVERYTHING
from amphibus.admin.keys import keep_key, revoke_keys
from amphibus.admin.stores import AdminStore, FileStore
from amphibus.config.access import AccessSettings
from amphibus.gateway.app import build_app
from amphibus.host.front_door import front_door
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.testing import Harness
from contracts.catalog import v1 as catalog
from tests.access.issuing import AUDIENCE, ISSUER, Issuer
from tests.architecture.tree import ROOT
from tests.modules.shop import order_of

ROUTES: Final[dict[str, dict[str, Any]]] = json.loads((ROOT / LOCK).read_text())
ADA: Final = Operator(who="ada")
ELSEWHERE: Final = ("10.0.0.9", 4711)
_YEAR: Final = 31_536_000_000_000
WHO: Final = (
    *("anonymous", "owner", "other customer", "viewer", "operator", "importer"),
    *("expired", "wrong audience", "revoked"),
)


class Counter:
    """Asks as somebody."""

    def __init__(self, shop: Harness, client: httpx.AsyncClient, order_id: UUID) -> None:
        self.shop = shop
        self.client = client
        self.order_id = order_id
        """An order of the owner."""
        self.credentials: dict[str, str] = {}

    async def ask(self, who: str, route: str, **changed: str) -> httpx.Response:
        """Asks what a route of the lock is for, about the owner's order."""
        method, _, path = route.partition(" ")
        path = path.format_map({"order_id": self.order_id, "sku": "LANTERN"} | changed)
        headers = {}
        if who in self.credentials:
            headers["Authorization"] = f"Bearer {self.credentials[who]}"
        if method == "GET":
            return await self.client.get(path, headers=headers)
        return await self.client.post(path, json=_bodies(route), headers=headers)


@asynccontextmanager
async def counter(folder: Path, **way: Any) -> AsyncIterator[Counter]:
    """The shop with one order of the customer `owner`, and credentials for everybody."""
    issuer = Issuer(folder)
    async with Harness.of(ROOT, data_dir=folder / "var", **way) as shop:
        host = shop.host
        store = host.accepted_store()
        access = AccessSettings(issuer=ISSUER, audience=AUDIENCE, jwks=str(issuer.file))
        settings = host.settings.model_copy(update={"access": access})
        door = front_door(
            ROOT, settings, store.api_key, host.clock, host.modules["gateway"].refusals.counts
        )
        patient = settings.gateway.model_copy(update={"request_timeout_seconds": 60.0})
        app = build_app(store, patient, host.health, host.meters, door)
        order = order_of({"LANTERN": 1}, customer={"customer_id": "owner", "email": "a@b.example"})
        shop.principal = Principal("test", "operator", scopes=EVERYTHING)
        await shop.send(catalog.SetPrice(sku="LANTERN", currency="GBP", unit_price=Decimal("3.39")))
        await shop.send(order)
        await shop.settle()
        assert order.order_id is not None
        transport = httpx.ASGITransport(app, client=ELSEWHERE)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            made = Counter(shop, client, order.order_id)
            made.credentials = await _credentials(issuer, _gateway(shop, folder, way))
            yield made


def _gateway(shop: Harness, folder: Path, way: dict[str, Any]) -> AdminStore:
    if "settings" not in way:
        return FileStore(folder / "var" / "gateway.db", shop.host.settings.bus.partitions)
    from amphibus.admin.stores import SchemaStore

    return SchemaStore("gateway", way["settings"]["db_url"], shop.host.settings.bus.partitions)


async def _credentials(issuer: Issuer, gateway: AdminStore) -> dict[str, str]:
    revoked = await key(gateway, "revoked", EVERYTHING)
    assert await revoke_keys(gateway, [revoked.split("_")[1]], ADA) == []
    importer = read_roles(ROOT).scopes["importer"]
    return {
        "owner": issuer.token("owner", roles=["customer"]),
        "other customer": issuer.token("other", roles=["customer"]),
        "viewer": issuer.token("vera", roles=["viewer"], key="ec"),
        "operator": issuer.token("otto", roles=["operator"], key="rsa"),
        "importer": await key(gateway, "importer", importer),
        "expired": issuer.token("otto", roles=["operator"], nbf=1, exp=600),
        "wrong audience": issuer.token("otto", roles=["operator"], aud="another"),
        "revoked": revoked,
    }


async def key(gateway: AdminStore, name: str, scopes: frozenset[str]) -> str:
    """Makes an API key; returns its text."""
    identity, text, digest = new_key()
    await keep_key(gateway, ApiKey(identity, name, "", scopes, digest, 0, _YEAR), ADA)
    return text


def _bodies(route: str) -> dict[str, Any]:
    """What is sent to a route, without ids: each time it is another thing."""
    made = order_of({"LANTERN": 1}, customer={"customer_id": "owner", "email": "a@b.example"})
    bodies: dict[str, dict[str, Any]] = {
        "POST /v1/orders": made.model_dump(mode="json", exclude={"order_id"}, exclude_none=True),
        "POST /v1/orders/{order_id}/cancel": {},
        "POST /v1/orders/{order_id}/returns": {"lines": [{"sku": "LANTERN", "quantity": 1}]},
        "POST /v1/prices": {"sku": "LANTERN", "currency": "GBP", "unit_price": "3.39"},
        "POST /v1/stock/receipts": {"lines": [{"sku": "LANTERN", "quantity": 1}]},
    }
    return bodies[route]
