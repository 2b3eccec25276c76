"""The front page of the orders module: every message it sends or receives."""

from amphibus import Module, PersonalRows, on
from contracts.catalog import v1 as catalog
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from contracts.payments import v1 as payments
from modules.orders.container import OrdersContainer
from modules.orders.handlers.pricing import note_price
from modules.orders.handlers.reading import get_order, list_orders, owner_of_order
from modules.orders.handlers.returns import note_refund, return_items
from modules.orders.models import Base, Order
from modules.orders.process import fulfilment

module = Module(
    name="orders",
    container=OrdersContainer,
    handles=(
        on(orders.PlaceOrder, fulfilment),
        on(orders.CancelOrder, fulfilment, owner=owner_of_order),
        on(orders.ReturnItems, return_items, owner=owner_of_order),
        on(orders.GetOrder, get_order, owner=owner_of_order),
        on(orders.ListOrders, list_orders),
    ),
    subscribes=(
        on(catalog.PriceSet, note_price),
        on(inventory.StockReserved, fulfilment),
        on(inventory.StockUnavailable, fulfilment),
        on(payments.PaymentAuthorized, fulfilment),
        on(payments.PaymentDeclined, fulfilment),
        on(payments.PaymentRefunded, note_refund),
    ),
    publishes=(
        orders.OrderPlaced,
        orders.OrderConfirmed,
        orders.OrderRejected,
        orders.OrderCancelled,
        orders.OrderRefunded,
    ),
    sends=(
        inventory.ReserveStock,
        inventory.ReleaseStock,
        inventory.ShipStock,
        inventory.RestockItems,
        payments.AuthorizePayment,
        payments.WaivePayment,
        payments.CapturePayment,
        payments.VoidPayment,
        payments.RefundPayment,
    ),
    purposes=(
        "to charge the card for the order",
        "to know where the order goes to",
        "to know whose order it is",
        "to write to the customer about the order",
    ),
    personal=(
        PersonalRows(
            table=Order,
            whose=("customer_id", "email"),
            erases=("customer_id", "email", "country"),
            stays="orders with their lines and sums: the books must show every sale",
        ),
    ),
    tables=Base.metadata,
)
