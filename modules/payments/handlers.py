"""The handlers of the payments module: each asks the provider first, then books the result.

The `ask_to_…` functions run before the transaction; their idempotency key is the message's id, so
that a message handled again asks the same thing again.
"""

from typing import Final

from amphibus import UNKNOWN, AmphibusError, Context, Outside, Refused, Unavailable
from contracts.payments import v1 as payments
from modules.payments.adapters.provider import Decision
from modules.payments.container import PaymentsContainer
from modules.payments.models import Account, Payment, Transfer
from modules.payments.repositories import PaymentRepository, TransferRepository

_OFF: Final = "payments_off"
PaymentsContext = Context[PaymentsContainer]
PaymentsOutside = Outside[PaymentsContainer]


async def ask_to_authorize(
    message: payments.AuthorizePayment, outside: PaymentsOutside
) -> Decision:
    """Asks the provider to hold the money of an order, while payments are accepted."""
    if not outside.container.accepts():
        return Decision(approved=False, code=_OFF)
    return await outside.container.provider().authorize(
        outside.message_id,
        reference=str(message.order_id),
        amount=message.amount,
        currency=message.currency,
        token=message.payment_token,
    )


async def authorize(message: payments.AuthorizePayment, context: PaymentsContext) -> None:
    """Records the provider's decision and publishes it."""
    _check_answered(context)
    decision: Decision = context.outside
    rows = PaymentRepository(context.db)
    known = await rows.get(message.order_id, for_update=True)
    payment = known or Payment(order_id=message.order_id, status="", currency=message.currency)
    if decision.approved:
        payment.status, payment.authorized = "authorized", message.amount
    else:
        payment.status = "declined"
    await (rows.insert(payment) if known is None else rows.save(payment))
    if decision.code == _OFF:
        # An attempt that died before payments were switched off may have been approved.
        context.send(payments.VoidPayment(order_id=message.order_id))
    if not decision.approved:
        context.publish(payments.PaymentDeclined(order_id=message.order_id, code=decision.code))
        return
    context.publish(
        payments.PaymentAuthorized(
            order_id=message.order_id, amount=message.amount, currency=message.currency
        )
    )


async def waive(message: payments.WaivePayment, context: PaymentsContext) -> None:
    """Records that an order needs no payment."""
    await PaymentRepository(context.db).insert(
        Payment(order_id=message.order_id, status="not_required", currency=message.currency)
    )


async def ask_to_capture(message: payments.CapturePayment, outside: PaymentsOutside) -> None:
    """Asks the provider to collect what is held."""
    await outside.container.provider().capture(outside.message_id, reference=str(message.order_id))


async def capture(message: payments.CapturePayment, context: PaymentsContext) -> None:
    """Books the money of an order as collected."""
    _check_answered(context)
    payment = await _payment(message, context)
    if payment.status != "authorized":
        raise AmphibusError(f"the payment of order {message.order_id} is {payment.status}")
    payment.status = "captured"
    payment.captured = payment.authorized
    await PaymentRepository(context.db).save(payment)
    await TransferRepository(context.db).insert(
        Transfer(
            message_id=context.message_id,
            order_id=payment.order_id,
            debit=Account.PROVIDER,
            credit=Account.SALES,
            amount=payment.captured,
            currency=payment.currency,
            booked_at=context.now,
        )
    )


async def ask_to_void(message: payments.VoidPayment, outside: PaymentsOutside) -> None:
    """Asks the provider to let go of what is held, if anything is."""
    await outside.container.provider().void(outside.message_id, reference=str(message.order_id))


async def void(message: payments.VoidPayment, context: PaymentsContext) -> None:
    """Records that nothing is held any more."""
    _check_answered(context)
    rows = PaymentRepository(context.db)
    payment = await rows.get(message.order_id, for_update=True)
    if payment is not None and payment.status == "authorized":
        payment.status = "voided"
        await rows.save(payment)


async def ask_to_refund(message: payments.RefundPayment, outside: PaymentsOutside) -> None:
    """Asks the provider to give money back."""
    await outside.container.provider().refund(
        outside.message_id, reference=str(message.order_id), amount=message.amount
    )


async def refund(message: payments.RefundPayment, context: PaymentsContext) -> None:
    """Books money that went back to the customer, and publishes it."""
    _check_answered(context)
    payment = await _payment(message, context)
    payment.refunded += message.amount
    whole = payment.refunded == payment.captured
    payment.status = "refunded" if whole else "partially_refunded"
    await PaymentRepository(context.db).save(payment)
    await TransferRepository(context.db).insert(
        Transfer(
            message_id=context.message_id,
            order_id=payment.order_id,
            debit=Account.RETURNS,
            credit=Account.PROVIDER,
            amount=message.amount,
            currency=payment.currency,
            booked_at=context.now,
            return_id=message.return_id,
        )
    )
    context.publish(
        payments.PaymentRefunded(
            order_id=message.order_id,
            return_id=message.return_id,
            amount=message.amount,
            currency=payment.currency,
        )
    )


async def get_payment(
    message: payments.GetPayment, context: PaymentsContext
) -> payments.PaymentView:
    """Reads the payment of an order."""
    payment = await PaymentRepository(context.db).get(message.order_id)
    if payment is None:
        raise Refused("payment_not_found")
    return payments.PaymentView.model_validate(payment, from_attributes=True)


async def _payment(
    message: payments.CapturePayment | payments.RefundPayment, context: PaymentsContext
) -> Payment:
    payment = await PaymentRepository(context.db).get(message.order_id, for_update=True)
    if payment is None:
        raise AmphibusError(f"order {message.order_id} has no payment")
    return payment


def _check_answered(context: PaymentsContext) -> None:
    """Raises if no answer came in time: the provider may have done it, and will say so when asked again."""
    if context.outside is UNKNOWN:
        raise Unavailable("the payment provider has given no answer in time")
