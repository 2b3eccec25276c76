"""Returned items: this module computes the refund, payments and inventory do the rest."""

from collections import Counter

from amphibus import AmphibusError, Context, Refused
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from contracts.payments import v1 as payments
from modules.orders.container import OrdersContainer
from modules.orders.models import Order, Return, hash_of
from modules.orders.repositories import OrderRepository, ReturnRepository

OrdersContext = Context[OrdersContainer]


async def return_items(
    message: orders.ReturnItems, context: OrdersContext
) -> orders.ReturnAccepted:
    """Records a return of a confirmed order, and sends the money and the items on their way."""
    orders_kept, returns = OrderRepository(context.db), ReturnRepository(context.db)
    order = await orders_kept.get(message.order_id, for_update=True)
    if order is None:
        raise Refused("order_not_found")
    return_id = message.return_id or context.message_uuid
    hash_code = hash_of(message)
    known = await returns.get(return_id)
    if known is not None:
        if known.hash_code != hash_code:
            raise Refused("return_exists", f"return {return_id} was made with other content")
        return _accepted(known, order)
    if order.status != "confirmed":
        raise Refused("order_not_confirmed", f"the order is {order.status}")
    items: Counter[str] = Counter()
    for line in message.lines:
        items[line.sku] += line.quantity
    _check_bought(order, items)
    made = Return(
        return_id=return_id,
        order_id=order.order_id,
        amount=order.refund_for(items),
        hash_code=hash_code,
    )
    await returns.insert(made)
    order.returned = dict(Counter(order.returned) + items)
    await orders_kept.save(order)
    _send_back(made, message, context)
    return _accepted(made, order)


def _check_bought(order: Order, items: Counter[str]) -> None:
    bought = order.bought
    for sku, quantity in items.items():
        if sku not in bought:
            raise Refused("items_not_bought", f"'{sku}' is not in the order")
        left = bought[sku] - order.returned.get(sku, 0)
        if quantity > left:
            raise Refused("more_than_bought", f"{left} of '{sku}' can be returned, not {quantity}")


def _send_back(made: Return, message: orders.ReturnItems, context: OrdersContext) -> None:
    lines = tuple(inventory.StockLine(sku=x.sku, quantity=x.quantity) for x in message.lines)
    context.send(
        inventory.RestockItems(order_id=made.order_id, return_id=made.return_id, lines=lines)
    )
    if made.amount:
        context.send(
            payments.RefundPayment(
                order_id=made.order_id, return_id=made.return_id, amount=made.amount
            )
        )


def _accepted(made: Return, order: Order) -> orders.ReturnAccepted:
    return orders.ReturnAccepted(
        return_id=made.return_id,
        order_id=made.order_id,
        refund=made.amount,
        currency=order.currency,
    )


async def note_refund(message: payments.PaymentRefunded, context: OrdersContext) -> None:
    """Records that the money of a return has gone back, and publishes it."""
    orders_kept = OrderRepository(context.db)
    order = await orders_kept.get(message.order_id, for_update=True)
    if order is None:
        raise AmphibusError(f"there is no order {message.order_id}")
    order.refunded += message.amount
    await orders_kept.save(order)
    context.publish(
        orders.OrderRefunded(**order.facts, return_id=message.return_id, amount=message.amount)
    )
