"""How the tests speak to the shop: in orders, stock and days, not in messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from amphibus.testing import Harness
from contracts.catalog import v1 as catalog
from contracts.inventory import v1 as inventory
from contracts.notifications import v1 as notifications
from contracts.orders import v1 as orders
from contracts.payments import v1 as payments
from modules.payments.adapters.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
Items = dict[str, int]
PRICES = {"LANTERN": "3.39", "BULB": "0.0825", "FLYER": "0", "GHOST": "1.00"}


def order_of(
    items: Items | tuple[tuple[str, int, str], ...],
    *,
    order_id: UUID | None = None,
    token: str = "tok_visa",  # a test token
    **fields: Any,
) -> orders.PlaceOrder:
    """A customer's order, priced from the list unless lines with prices are given."""
    rows = (
        tuple((sku, quantity, PRICES[sku]) for sku, quantity in items.items())
        if isinstance(items, dict)
        else items
    )
    lines = [
        {"sku": sku, "quantity": quantity, "unit_price": price} for sku, quantity, price in rows
    ]
    return orders.PlaceOrder.model_validate(
        {
            "order_id": order_id or uuid4(),
            "customer": {"customer_id": "C-1", "email": "ada@example.com"},
            "currency": "GBP",
            "lines": lines,
            "payment_token": token,
            **fields,
        }
    )


class Shop:
    """The modules at work."""

    def __init__(self, harness: Harness, folder: Path) -> None:
        self.harness = harness
        self.folder = folder
        self.provider = Sandbox(folder / "payments-sandbox.db")

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, folder: Path, *, transport: str = "memory", modules: tuple[str, ...] = ()
    ) -> AsyncIterator["Shop"]:
        """Opens the shop on the databases in a folder."""
        async with Harness.of(
            ROOT, transport=transport, modules=modules, data_dir=folder
        ) as harness:
            yield cls(harness, folder)

    async def receive(self, **items: int) -> None:
        """Puts stock on the shelf."""
        lines = tuple(inventory.StockLine(sku=sku, quantity=n) for sku, n in items.items())
        await self.harness.send(inventory.ReceiveStock(receipt_id=uuid4(), lines=lines))
        await self.harness.settle()

    async def price(self, sku: str, price: str, currency: str = "GBP") -> None:
        """Sets a price in the catalogue and waits until nothing moves any more."""
        message = catalog.SetPrice(sku=sku, currency=currency, unit_price=Decimal(price))
        await self.harness.send(message)
        await self.harness.settle()

    async def place(self, items: Items, **fields: Any) -> UUID:
        """Places an order and waits until nothing moves any more."""
        order = order_of(items, **fields)
        await self.harness.send(order)
        await self.harness.settle()
        assert order.order_id is not None
        return order.order_id

    async def take_back(
        self, order_id: UUID, items: Items, *, return_id: UUID | None = None
    ) -> orders.ReturnAccepted:
        """Returns items and waits until nothing moves any more."""
        lines = tuple(orders.ItemQuantity(sku=sku, quantity=n) for sku, n in items.items())
        answer = await self.harness.request(
            orders.ReturnItems(return_id=return_id or uuid4(), order_id=order_id, lines=lines)
        )
        await self.harness.settle()
        assert isinstance(answer, orders.ReturnAccepted)
        return answer

    async def cancel(self, order_id: UUID) -> None:
        """Cancels an order and waits until nothing moves any more."""
        await self.harness.request(orders.CancelOrder(order_id=order_id))
        await self.harness.settle()

    async def order(self, order_id: UUID) -> orders.OrderView:
        """Reads an order."""
        return await self.harness.ask(orders.GetOrder(order_id=order_id))

    async def payment(self, order_id: UUID) -> payments.PaymentView:
        """Reads the payment of an order."""
        return await self.harness.ask(payments.GetPayment(order_id=order_id))

    async def stock(self, sku: str) -> tuple[int, int]:
        """What lies on the shelf, and what of it is reserved."""
        view = await self.harness.ask(inventory.GetStock(sku=sku))
        return view.on_hand, view.reserved

    async def told(self, order_id: UUID) -> list[str]:
        """What the customer was told, in order."""
        answer = await self.harness.ask(notifications.ListNotifications(order_id=order_id))
        return [each.kind for each in answer.items]

    def outcome(self, view: orders.OrderView) -> tuple[str, tuple[str, ...]]:
        """Status and reasons."""
        return view.status, view.reasons

    def nothing_failed(self) -> bool:
        """Whether no module has a dead letter or a delayed message."""
        return not any(
            self.harness.dead(name) or self.harness.delayed(name)
            for name in self.harness.host.modules
        )
