"""The handlers of the inventory module. Stock moves by whole orders, in few statements however long they are."""

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from sqlalchemy import BigInteger, bindparam, text

from amphibus import AmphibusError, Context, Refused
from amphibus.repository import Statement
from contracts.inventory import v1 as inventory
from modules.inventory.container import InventoryContainer
from modules.inventory.models import Base, Receipt, Reservation
from modules.inventory.repositories import (
    ReceiptRepository,
    ReservationRepository,
    StockRepository,
)

InventoryContext = Context[InventoryContainer]

# Both databases understand this text; a statement for each would say the same.
_PUT_ON_SHELF: Final = Statement(
    text(
        "INSERT INTO stock (sku, on_hand, reserved) VALUES (:item, :quantity, 0)"
        " ON CONFLICT (sku) DO UPDATE SET on_hand = stock.on_hand + excluded.on_hand"
    )
)
_STOCK: Final = Base.metadata.tables["stock"]
_ONE: Final = _STOCK.update().where(_STOCK.c.sku == bindparam("item"))
_QUANTITY: Final = bindparam("quantity", type_=BigInteger())
_SET_ASIDE: Final = Statement(_ONE.values(reserved=_STOCK.c.reserved + _QUANTITY))
_GIVE_BACK: Final = Statement(_ONE.values(reserved=_STOCK.c.reserved - _QUANTITY))
_TAKE_OFF_SHELF: Final = Statement(
    _ONE.values(on_hand=_STOCK.c.on_hand - _QUANTITY, reserved=_STOCK.c.reserved - _QUANTITY)
)


async def receive_stock(
    message: inventory.ReceiveStock, context: InventoryContext
) -> inventory.ReceiptAccepted:
    """Books a delivery; a repeated receipt changes nothing."""
    receipt_id = message.receipt_id or context.message_uuid
    hash_code = sha256(message.model_dump_json(exclude_defaults=True).encode()).hexdigest()
    receipts = ReceiptRepository(context.db)
    known = await receipts.get(receipt_id)
    if known is None:
        await receipts.insert(Receipt(receipt_id=receipt_id, hash_code=hash_code))
        await _move(_PUT_ON_SHELF, _added_up(message.lines), context)
    elif known.hash_code != hash_code:
        raise Refused("receipt_exists", f"receipt {receipt_id} was booked with other content")
    return inventory.ReceiptAccepted(receipt_id=receipt_id)


async def reserve_stock(message: inventory.ReserveStock, context: InventoryContext) -> None:
    """Sets aside all the items of an order, or none."""
    items = _added_up(message.lines)
    available = await _available(items, context)
    short = sorted(sku for sku, quantity in items.items() if available.get(sku, 0) < quantity)
    if short:
        context.publish(inventory.StockUnavailable(order_id=message.order_id, skus=tuple(short)))
        return
    await ReservationRepository(context.db).insert(
        Reservation(order_id=message.order_id, state="reserved", items=items)
    )
    await _move(_SET_ASIDE, items, context)
    context.publish(inventory.StockReserved(order_id=message.order_id))


async def release_stock(message: inventory.ReleaseStock, context: InventoryContext) -> None:
    """Gives back what is reserved for an order; does nothing if nothing is."""
    reservations = ReservationRepository(context.db)
    reservation = await reservations.get(message.order_id, for_update=True)
    if reservation is None or reservation.state == "released":
        return
    if reservation.state == "shipped":
        raise AmphibusError(f"the items of order {message.order_id} are shipped already")
    reservation.state = "released"
    await reservations.save(reservation)
    await _move(_GIVE_BACK, reservation.items, context)


async def ship_stock(message: inventory.ShipStock, context: InventoryContext) -> None:
    """Takes what is reserved for an order off the shelf."""
    reservations = ReservationRepository(context.db)
    reservation = await reservations.get(message.order_id, for_update=True)
    if reservation is not None and reservation.state == "shipped":
        return
    if reservation is None or reservation.state != "reserved":
        raise AmphibusError(f"nothing is reserved for order {message.order_id}")
    reservation.state = "shipped"
    await reservations.save(reservation)
    await _move(_TAKE_OFF_SHELF, reservation.items, context)


async def restock_items(message: inventory.RestockItems, context: InventoryContext) -> None:
    """Puts returned items back on the shelf."""
    await _move(_PUT_ON_SHELF, _added_up(message.lines), context)


async def get_stock(message: inventory.GetStock, context: InventoryContext) -> inventory.StockView:
    """Reads the stock of a SKU."""
    stock = await StockRepository(context.db).get(message.sku)
    if stock is None:
        raise Refused("sku_not_found", f"'{message.sku}' was never received")
    return inventory.StockView(
        sku=stock.sku,
        on_hand=stock.on_hand,
        reserved=stock.reserved,
        available=stock.on_hand - stock.reserved,
    )


def _added_up(lines: Iterable[inventory.StockLine]) -> dict[str, int]:
    items: Counter[str] = Counter()
    for line in lines:
        items[line.sku] += line.quantity
    return items


async def _available(items: Mapping[str, int], context: InventoryContext) -> dict[str, int]:
    """Returns the free stock of each SKU, locked until the transaction ends."""
    found = await StockRepository(context.db).get_many(items, for_update=True)
    return {stock.sku: stock.on_hand - stock.reserved for stock in found}


async def _move(statement: Statement, items: Mapping[str, int], context: InventoryContext) -> None:
    """Runs a statement for each SKU, in their order, so that two orders cannot lock each other out."""
    rows = [{"item": sku, "quantity": quantity} for sku, quantity in sorted(items.items())]
    await statement.run_many(context.db, rows)
