"""The front page of the payments module: every message it sends or receives.

A capture, void or refund that is a dead letter holds up later ones of its order (`on_dead="block"`):
money must not be given back before it was collected.
"""

from amphibus import Module, on
from contracts.payments import v1 as payments
from modules.payments.container import PaymentsContainer
from modules.payments.handlers import (
    ask_to_authorize,
    ask_to_capture,
    ask_to_refund,
    ask_to_void,
    authorize,
    capture,
    get_payment,
    refund,
    void,
    waive,
)
from modules.payments.models import Base

module = Module(
    name="payments",
    container=PaymentsContainer,
    handles=(
        on(payments.AuthorizePayment, authorize, outside=ask_to_authorize),
        on(payments.WaivePayment, waive),
        on(payments.CapturePayment, capture, outside=ask_to_capture, on_dead="block"),
        on(payments.VoidPayment, void, outside=ask_to_void, on_dead="block"),
        on(payments.RefundPayment, refund, outside=ask_to_refund, on_dead="block"),
        on(payments.GetPayment, get_payment),
    ),
    publishes=(
        payments.PaymentAuthorized,
        payments.PaymentDeclined,
        payments.PaymentRefunded,
    ),
    sends=(payments.VoidPayment,),
    purposes=("to charge the card for the order",),
    tables=Base.metadata,
)
