"""Defects in the shop's own modules: those that would cost money or goods."""

from typing import Final

from tests.mutants.defect import Defect, in_shop

SHOP: Final[tuple[Defect, ...]] = (
    in_shop(
        "a payment is retried without its idempotency key",
        "payments/handlers",
        "provider().authorize(\n        outside.message_id,",
        "provider().authorize(\n        str(id(outside)),",
        "test_payments.py::test_a_provider_that_gave_no_answer_is_asked_again_with_the_same_key",
    ),
    in_shop(
        "an unknown payment is taken for a yes",
        "payments/handlers",
        "    if context.outside is UNKNOWN:",
        "    if context.outside is UNKNOWN and not context.now:",
        "test_unknown_outcomes.py",
    ),
    in_shop(
        "what was refunded before is forgotten",
        "payments/handlers",
        "    payment.refunded += message.amount",
        "    payment.refunded = message.amount",
        "test_returns.py::test_returning_everything_piece_by_piece_refunds_exactly_the_total",
    ),
    in_shop(
        "stock is not checked",
        "inventory/handlers",
        "    if short:",
        "    if short and not items:",
        "test_stock.py::test_what_is_reserved_cannot_be_reserved_again",
        "test_fulfilment.py::test_an_order_without_stock_is_rejected_and_its_payment_voided",
    ),
    in_shop(
        "repeated items do not add up",
        "inventory/handlers",
        "        items[line.sku] += line.quantity",
        "        items[line.sku] = line.quantity",
        "test_stock.py::test_repeated_skus_of_an_order_add_up",
    ),
    in_shop(
        "a reservation is given back twice",
        "inventory/handlers",
        '    if reservation is None or reservation.state == "released":',
        "    if reservation is None:",
        "test_stock.py::test_releasing_twice_or_without_a_reservation_changes_nothing",
    ),
    in_shop(
        "a rejected order keeps its money held",
        "orders/handlers/fulfilment",
        '    """Rejects the order and undoes the payment, since there is no stock."""\n    void(order, context)\n',
        '    """Rejects the order and undoes the payment, since there is no stock."""\n',
        "test_fulfilment.py::test_an_order_without_stock_is_rejected_and_its_payment_voided",
    ),
    in_shop(
        "a declined order keeps its stock",
        "orders/handlers/fulfilment",
        '    """Rejects the order and releases the stock, since there is no payment."""\n    release(order, context)\n',
        '    """Rejects the order and releases the stock, since there is no payment."""\n',
        "test_fulfilment.py::test_a_declined_order_is_rejected_and_its_stock_released",
    ),
    in_shop(
        "an order can be replaced",
        "orders/handlers/fulfilment",
        "    if hash_of(message) != order.hash_code:",
        "    if hash_of(message) == order.hash_code:",
        "test_fulfilment.py::test_the_same_order_twice_is_one_order_and_another_of_its_id_is_refused",
    ),
    in_shop(
        "a buyer says what it costs",
        "orders/handlers/pricing",
        "    if said is not None and (said == listed or not bound):",
        "    if said is not None:",
        "test_pricing.py::test_a_buyer_pays_what_the_catalogue_says",
    ),
    in_shop(
        "an old price replaces a newer one",
        "orders/handlers/pricing",
        "    elif message.set_at > price.set_at:",
        "    else:",
        "test_catalog.py::test_an_older_price_that_comes_later_replaces_nothing",
    ),
    in_shop(
        "a clock that goes back undoes a price",
        "catalog/handlers",
        "max(context.now, price.set_at + _TICK)",
        "context.now",
        "test_catalog.py::test_a_price_that_was_set_after_the_clock_went_back_holds",
    ),
    in_shop(
        "a price holds in every currency",
        "orders/handlers/pricing",
        "        ListedPrice.currency == currency, col(ListedPrice.sku).in_(skus)",
        "        col(ListedPrice.sku).in_(skus)",
        "test_pricing.py::test_a_buyer_pays_what_the_catalogue_says",
        "test_catalog.py::test_each_currency_has_a_price_of_its_own",
    ),
    in_shop(
        "prices are published again only in part",
        "catalog/handlers",
        "    if page.next is not None:\n        sku",
        "    if page.next is not None and message.after is None:\n        sku",
        "test_catalog.py::test_orders_without_their_store_get_every_price_again",
    ),
)
