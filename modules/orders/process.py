"""The fulfilment of an order as a table of states: the messages each reacts to, and what must be undone.

Stock is reserved and the payment authorised at the same time. The decision waits for both answers,
so that a rejection names every reason that holds; only the payment has a deadline. An answer that
comes after the decision is undone again: it may be a dead letter that was replayed.
"""

from datetime import timedelta

from amphibus.process import Deadline, Effect, Process, State, When
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from contracts.payments import v1 as payments
from modules.orders.container import OrdersContainer
from modules.orders.handlers.fulfilment import (
    cancel,
    confirm,
    give_up,
    give_up_without_stock,
    place,
    place_again,
    reject_for_both,
    reject_for_payment,
    reject_for_stock,
    undo_authorization,
    undo_reservation,
    wait,
)
from modules.orders.models import Order


def payment_timeout(container: OrdersContainer) -> timedelta:
    """Returns the time that the payment may take."""
    return container.payment_timeout()


_TO_CONFIRMED = (inventory.ShipStock, payments.CapturePayment)
_TIMEOUT = Deadline(
    "payment_timeout",
    payment_timeout,
    give_up,
    to="rejected",
    sends=(payments.VoidPayment, inventory.ReleaseStock),
)

fulfilment = Process(
    name="fulfilment",
    table=Order,
    column="state",
    begins=(
        When(
            orders.PlaceOrder,
            place,
            to={
                "awaiting_stock_and_payment": (inventory.ReserveStock, payments.AuthorizePayment),
                "awaiting_stock": (inventory.ReserveStock, payments.WaivePayment),
            },
            again=place_again,
        ),
    ),
    states=(
        State(
            name="awaiting_stock_and_payment",
            on=(
                When(inventory.StockReserved, wait, to="awaiting_payment"),
                When(inventory.StockUnavailable, wait, to="out_of_stock_awaiting_payment"),
                When(payments.PaymentAuthorized, wait, to="awaiting_stock"),
                When(payments.PaymentDeclined, wait, to="declined_awaiting_stock"),
                When(
                    orders.CancelOrder,
                    cancel,
                    to="cancelled",
                    sends=(inventory.ReleaseStock, payments.VoidPayment),
                ),
            ),
            deadline=_TIMEOUT,
        ),
        State(
            name="awaiting_payment",
            on=(
                When(payments.PaymentAuthorized, confirm, to="confirmed", sends=_TO_CONFIRMED),
                When(
                    payments.PaymentDeclined,
                    reject_for_payment,
                    to="rejected",
                    sends=(inventory.ReleaseStock,),
                ),
                When(
                    orders.CancelOrder,
                    cancel,
                    to="cancelled",
                    sends=(inventory.ReleaseStock, payments.VoidPayment),
                ),
            ),
            ignores=(inventory.StockReserved, inventory.StockUnavailable),
            deadline=_TIMEOUT,
        ),
        State(
            name="out_of_stock_awaiting_payment",
            on=(
                When(
                    payments.PaymentAuthorized,
                    reject_for_stock,
                    to="rejected",
                    sends=(payments.VoidPayment,),
                ),
                When(payments.PaymentDeclined, reject_for_both, to="rejected"),
                When(orders.CancelOrder, cancel, to="cancelled", sends=(payments.VoidPayment,)),
            ),
            ignores=(inventory.StockReserved, inventory.StockUnavailable),
            deadline=Deadline(
                "payment_timeout",
                payment_timeout,
                give_up_without_stock,
                to="rejected",
                sends=(payments.VoidPayment,),
            ),
        ),
        State(
            name="awaiting_stock",
            on=(
                When(inventory.StockReserved, confirm, to="confirmed", sends=_TO_CONFIRMED),
                When(
                    inventory.StockUnavailable,
                    reject_for_stock,
                    to="rejected",
                    sends=(payments.VoidPayment,),
                ),
                When(
                    orders.CancelOrder,
                    cancel,
                    to="cancelled",
                    sends=(inventory.ReleaseStock, payments.VoidPayment),
                ),
            ),
            ignores=(payments.PaymentAuthorized, payments.PaymentDeclined),
            waits="inventory is our own and answers as soon as it runs",
        ),
        State(
            name="declined_awaiting_stock",
            on=(
                When(
                    inventory.StockReserved,
                    reject_for_payment,
                    to="rejected",
                    sends=(inventory.ReleaseStock,),
                ),
                When(inventory.StockUnavailable, reject_for_both, to="rejected"),
                When(orders.CancelOrder, cancel, to="cancelled", sends=(inventory.ReleaseStock,)),
            ),
            ignores=(payments.PaymentAuthorized, payments.PaymentDeclined),
            waits="inventory is our own and answers as soon as it runs",
        ),
        State(
            name="confirmed",
            ignores=(
                inventory.StockReserved,
                inventory.StockUnavailable,
                payments.PaymentAuthorized,
                payments.PaymentDeclined,
            ),
            final=True,
        ),
        *(
            State(
                name=undone,
                on=(
                    When(
                        inventory.StockReserved,
                        undo_reservation,
                        to=undone,
                        sends=(inventory.ReleaseStock,),
                    ),
                    When(
                        payments.PaymentAuthorized,
                        undo_authorization,
                        to=undone,
                        sends=(payments.VoidPayment,),
                    ),
                ),
                ignores=(inventory.StockUnavailable, payments.PaymentDeclined),
                final=True,
            )
            for undone in ("rejected", "cancelled")
        ),
    ),
    effects=(
        Effect(
            done_by=inventory.ReserveStock,
            failed_by=(inventory.StockUnavailable,),
            settled_by=(inventory.ShipStock,),
            undone_by=(inventory.ReleaseStock,),
        ),
        Effect(
            done_by=payments.AuthorizePayment,
            failed_by=(payments.PaymentDeclined,),
            settled_by=(payments.CapturePayment,),
            undone_by=(payments.VoidPayment,),
        ),
    ),
    refuses={orders.CancelOrder: "order_not_pending"},
    missing={orders.CancelOrder: "order_not_found"},
    cancelled_by=orders.CancelOrder,
)
