"""The front page of the reporting module: every message it sends or receives."""

from amphibus import Module, on
from contracts.orders import v1 as orders
from contracts.reporting import v1 as reporting
from modules.reporting.container import ReportingContainer
from modules.reporting.handlers import (
    count_cancelled,
    count_confirmed,
    count_order,
    count_refund,
    count_rejected,
    get_sales,
)
from modules.reporting.models import Base

module = Module(
    name="reporting",
    container=ReportingContainer,
    handles=(on(reporting.GetSales, get_sales),),
    subscribes=(
        on(orders.OrderPlaced, count_order),
        on(orders.OrderConfirmed, count_confirmed),
        on(orders.OrderRejected, count_rejected),
        on(orders.OrderCancelled, count_cancelled),
        on(orders.OrderRefunded, count_refund),
    ),
    ignores=("contact", "identity", "location"),
    tables=Base.metadata,
)
