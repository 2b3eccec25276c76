"""What each hand-written service does, the same effects as the shop's modules."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import sha256
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tests.benchmarks.peers.flow import messages as m
from tests.benchmarks.peers.flow.tables import (
    AcceptedOrder,
    Notification,
    Order,
    Payment,
    Reservation,
    Sales,
    Stock,
    Transfer,
)

Said = Sequence[m.Message]


class Conflict(Exception):
    """Another order has that id."""


async def accept(order: m.PlaceOrder, session: AsyncSession) -> Said:
    digest = sha256(order.model_dump_json(exclude={"message_id"}).encode()).hexdigest()
    noted = await session.execute(
        insert(AcceptedOrder)
        .values(order_id=order.order_id, digest=digest)
        .on_conflict_do_nothing()
    )
    if noted.rowcount:  # type: ignore[attr-defined]
        return (order,)
    known = await session.get_one(AcceptedOrder, order.order_id)
    if known.digest != digest:
        raise Conflict
    return ()


async def place(message: m.PlaceOrder, session: AsyncSession) -> Said:
    exact = sum((line.quantity * line.unit_price for line in message.lines), Decimal(0))
    total = exact.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    session.add(
        Order(
            order_id=message.order_id,
            state="pending",
            customer_id=message.customer.customer_id,
            email=message.customer.email,
            country=message.customer.country,
            currency=message.currency,
            total=total,
            reference=message.reference,
            placed_at=message.placed_at,
            decide_by=datetime.now(UTC) + timedelta(hours=24),
            lines=[line.model_dump(mode="json") for line in message.lines],
        )
    )
    order_id, currency = message.order_id, message.currency
    return (
        m.OrderPlaced(
            order_id=order_id, total=total, currency=currency, placed_at=message.placed_at
        ),
        m.ReserveStock(
            order_id=order_id,
            lines=tuple(m.Item(sku=line.sku, quantity=line.quantity) for line in message.lines),
        ),
        m.AuthorizePayment(
            order_id=order_id,
            amount=total,
            currency=currency,
            payment_token=message.payment_token,
        ),
    )


async def note_stock(message: m.StockReserved, session: AsyncSession) -> Said:
    order = await _order(message.order_id, session)
    order.reserved = True
    return _decide(order)


async def note_payment(message: m.PaymentAuthorized, session: AsyncSession) -> Said:
    order = await _order(message.order_id, session)
    order.authorized = True
    return _decide(order)


def _decide(order: Order) -> Said:
    if not (order.reserved and order.authorized):
        return ()
    order.state = "confirmed"
    return (
        m.ShipStock(order_id=order.order_id),
        m.CapturePayment(order_id=order.order_id),
        m.OrderConfirmed(
            order_id=order.order_id,
            customer=m.Customer(
                customer_id=order.customer_id, email=order.email, country=order.country
            ),
            total=order.total,
            currency=order.currency,
            reference=order.reference,
            placed_at=order.placed_at,
        ),
    )


async def _order(order_id: UUID, session: AsyncSession) -> Order:
    return await session.get_one(Order, order_id, with_for_update=True)


async def receive(message: m.ReceiveStock, session: AsyncSession) -> Said:
    rows = [{"sku": item.sku, "on_hand": item.quantity, "reserved": 0} for item in message.lines]
    await session.execute(insert(Stock), rows)
    return ()


async def reserve(message: m.ReserveStock, session: AsyncSession) -> Said:
    items: dict[str, int] = {}
    for line in message.lines:
        items[line.sku] = items.get(line.sku, 0) + line.quantity
    found = await session.execute(
        select(Stock.sku, Stock.on_hand - Stock.reserved)
        .where(Stock.sku.in_(items))
        .order_by(Stock.sku)
        .with_for_update()
    )
    available = dict(found.tuples().all())
    if any(available.get(sku, 0) < quantity for sku, quantity in items.items()):
        raise RuntimeError("there is plenty of everything")
    session.add(Reservation(order_id=message.order_id, state="reserved", items=items))
    change = case(items, value=Stock.sku)
    await session.execute(
        update(Stock)
        .where(Stock.sku.in_(items))
        .values(reserved=Stock.reserved + change)
        .execution_options(synchronize_session=False)
    )
    return (m.StockReserved(order_id=message.order_id),)


async def ship(message: m.ShipStock, session: AsyncSession) -> Said:
    reservation = await session.get_one(Reservation, message.order_id, with_for_update=True)
    if reservation.state == "shipped":
        return ()
    reservation.state = "shipped"
    items: dict[str, int] = reservation.items
    # Locked in their order first: two orders must not lock each other out.
    await session.execute(
        select(Stock.sku).where(Stock.sku.in_(items)).order_by(Stock.sku).with_for_update()
    )
    change = case(items, value=Stock.sku)
    await session.execute(
        update(Stock)
        .where(Stock.sku.in_(items))
        .values(on_hand=Stock.on_hand - change, reserved=Stock.reserved - change)
        .execution_options(synchronize_session=False)
    )
    return ()


async def authorize(message: m.AuthorizePayment, session: AsyncSession) -> Said:
    session.add(
        Payment(
            order_id=message.order_id,
            status="authorized",
            currency=message.currency,
            authorized=message.amount,
        )
    )
    return (
        m.PaymentAuthorized(
            order_id=message.order_id, amount=message.amount, currency=message.currency
        ),
    )


async def capture(message: m.CapturePayment, session: AsyncSession) -> Said:
    payment = await session.get_one(Payment, message.order_id, with_for_update=True)
    payment.status = "captured"
    payment.captured = payment.authorized
    session.add(
        Transfer(
            message_id=message.message_id,
            order_id=message.order_id,
            debit="provider",
            credit="sales",
            amount=payment.authorized,
            currency=payment.currency,
        )
    )
    return ()


async def record_mail(message: m.OrderConfirmed, session: AsyncSession) -> Said:
    session.add(
        Notification(
            message_id=message.message_id, order_id=message.order_id, kind="order_confirmed"
        )
    )
    return ()


async def count(message: m.OrderPlaced | m.OrderConfirmed, session: AsyncSession) -> Said:
    confirmed = isinstance(message, m.OrderConfirmed)
    added = insert(Sales).values(
        day=message.placed_at.astimezone(UTC).date(),
        currency=message.currency,
        orders=0 if confirmed else 1,
        confirmed=1 if confirmed else 0,
        revenue=message.total if confirmed else Decimal(0),
    )
    await session.execute(
        added.on_conflict_do_update(
            index_elements=[Sales.day, Sales.currency],
            set_={
                "orders": Sales.orders + added.excluded.orders,
                "confirmed": Sales.confirmed + added.excluded.confirmed,
                "revenue": Sales.revenue + added.excluded.revenue,
            },
        )
    )
    return ()


async def effects(session: AsyncSession) -> dict[str, int]:
    """How often each last effect of an order has happened."""
    counts = {
        "orders": select(func.count()).select_from(Order).where(Order.state == "confirmed"),
        "inventory": select(func.count())
        .select_from(Reservation)
        .where(Reservation.state == "shipped"),
        "payments": select(func.count()).select_from(Transfer),
        "notifications": select(func.count()).select_from(Notification),
        "reporting": select(func.coalesce(func.sum(Sales.confirmed), 0)),
    }
    return {
        name: int((await session.execute(query)).scalar_one()) for name, query in counts.items()
    }


async def stock(session: AsyncSession) -> dict[str, int]:
    """How many kinds of goods lie on the shelves."""
    query = select(func.count()).select_from(Stock).where(Stock.on_hand > 0)
    return {"inventory": int((await session.execute(query)).scalar_one())}
