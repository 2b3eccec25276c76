"""The steps of the fulfilment; `process.py` says when each is taken."""

from amphibus import Context, Refused
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from contracts.payments import v1 as payments
from modules.orders.container import OrdersContainer
from modules.orders.handlers.pricing import priced
from modules.orders.models import TOO_MUCH, Order, hash_of, total_of

OrdersContext = Context[OrdersContainer]
Answer = (
    inventory.StockReserved
    | inventory.StockUnavailable
    | payments.PaymentAuthorized
    | payments.PaymentDeclined
)


async def place(message: orders.PlaceOrder, context: OrdersContext) -> Order:
    """Takes an order in and asks for its stock and, if it costs anything, for its payment."""
    assert message.order_id is not None, "the key is filled before a message is handled"
    lines = await priced(message, context)
    total = total_of(lines)
    if total >= TOO_MUCH:
        raise Refused("order_too_large", f"it comes to {total}, which is too much for one order")
    order = Order(
        order_id=message.order_id,
        state="awaiting_stock_and_payment",
        reasons=[],
        customer_id=message.customer.customer_id,
        email=message.customer.email,
        country=message.customer.country,
        currency=message.currency,
        total=total,
        refunded=total_of([]),
        reference=message.reference,
        placed_at=message.placed_at or context.now,
        lines=lines,
        returned={},
        hash_code=hash_of(message),
    )
    context.publish(
        orders.OrderPlaced(
            order_id=order.order_id,
            total=order.total,
            currency=order.currency,
            placed_at=order.placed_at,
        )
    )
    items = tuple(inventory.StockLine(sku=x.sku, quantity=x.quantity) for x in message.lines)
    context.send(inventory.ReserveStock(order_id=order.order_id, lines=items))
    if order.total:
        context.send(
            payments.AuthorizePayment(
                order_id=order.order_id,
                amount=order.total,
                currency=order.currency,
                payment_token=message.payment_token,
            )
        )
    else:
        context.send(payments.WaivePayment(order_id=order.order_id, currency=order.currency))
        order.state = "awaiting_stock"
    return order


async def place_again(message: orders.PlaceOrder, order: Order, _: OrdersContext) -> None:
    """Accepts the same order again; refuses another one with the same id."""
    if hash_of(message) != order.hash_code:
        raise Refused("order_exists", f"order {order.order_id} was placed with other content")


async def wait(_: Answer, order: Order, context: OrdersContext) -> None:
    """Waits for the other answer."""


async def confirm(_: Answer, order: Order, context: OrdersContext) -> None:
    """Ships and captures, since stock and payment are there."""
    context.send(inventory.ShipStock(order_id=order.order_id))
    if order.total:
        context.send(payments.CapturePayment(order_id=order.order_id))
    context.publish(orders.OrderConfirmed(**order.facts))


async def reject_for_stock(_: Answer, order: Order, context: OrdersContext) -> None:
    """Rejects the order and undoes the payment, since there is no stock."""
    void(order, context)
    reject(order, context, "out_of_stock")


async def reject_for_payment(_: Answer, order: Order, context: OrdersContext) -> None:
    """Rejects the order and releases the stock, since there is no payment."""
    release(order, context)
    reject(order, context, "payment_declined")


async def reject_for_both(_: Answer, order: Order, context: OrdersContext) -> None:
    """Rejects the order, since neither is there; there is nothing to undo."""
    reject(order, context, "out_of_stock", "payment_declined")


async def give_up(_: None, order: Order, context: OrdersContext) -> None:
    """Rejects the order, since no answer about the payment came in time; the stock may be reserved."""
    void(order, context)
    release(order, context)
    reject(order, context, "payment_timeout")


async def give_up_without_stock(_: None, order: Order, context: OrdersContext) -> None:
    """Rejects the order, since no answer about the payment came in time and there is no stock."""
    void(order, context)
    reject(order, context, "out_of_stock", "payment_timeout")


async def cancel(_: orders.CancelOrder, order: Order, context: OrdersContext) -> None:
    """Cancels the order and undoes whatever was done or may yet be done; where nothing was, nothing happens."""
    if order.state != "out_of_stock_awaiting_payment":
        release(order, context)
    if order.state != "declined_awaiting_stock":
        void(order, context)
    order.reasons = ["cancelled"]
    context.publish(orders.OrderCancelled(**order.facts))


async def undo_reservation(_: Answer, order: Order, context: OrdersContext) -> None:
    """Releases stock that was reserved after the decision."""
    release(order, context)


async def undo_authorization(_: Answer, order: Order, context: OrdersContext) -> None:
    """Voids a payment that was authorised after the decision."""
    void(order, context)


def reject(order: Order, context: OrdersContext, *reasons: orders.Reason) -> None:
    """Says that an order is rejected, and why."""
    order.reasons = sorted(reasons)
    context.publish(orders.OrderRejected(**order.facts, reasons=tuple(sorted(reasons))))


def release(order: Order, context: OrdersContext) -> None:
    """Asks for the reservation to be undone."""
    context.send(inventory.ReleaseStock(order_id=order.order_id))


def void(order: Order, context: OrdersContext) -> None:
    """Asks for the authorisation to be undone, if one was asked for."""
    if order.total:
        context.send(payments.VoidPayment(order_id=order.order_id))
