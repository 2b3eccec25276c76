"""The handlers of the catalog module: prices are set, listed and told."""

from datetime import timedelta
from typing import Final

from amphibus import Context
from contracts.catalog import v1 as catalog
from modules.catalog.container import CatalogContainer
from modules.catalog.models import Price
from modules.catalog.repositories import PriceRepository

CatalogContext = Context[CatalogContainer]

_AT_ONCE: Final = 100
"""The most prices that one transaction publishes again."""
_TICK: Final = timedelta(microseconds=1)


async def set_price(message: catalog.SetPrice, context: CatalogContext) -> catalog.PriceAccepted:
    """Keeps a price and publishes it."""
    prices = PriceRepository(context.db)
    price = await prices.get(message.sku, message.currency, for_update=True)
    if price is None:
        price = Price(
            sku=message.sku,
            currency=message.currency,
            unit_price=str(message.unit_price),
            set_at=context.now,
        )
        await prices.insert(price)
    else:
        price.unit_price = str(message.unit_price)
        # A clock may stand still or go back; subscribers know by this time which price is the later one.
        price.set_at = max(context.now, price.set_at + _TICK)
        await prices.save(price)
    context.publish(catalog.PriceSet.model_validate(price, from_attributes=True))
    return catalog.PriceAccepted(sku=message.sku)


async def publish_prices(message: catalog.PublishPrices, context: CatalogContext) -> None:
    """Publishes prices again, some in this transaction, the others after it."""
    after = None if message.after is None else (message.after.sku, message.after.currency)
    page = await PriceRepository(context.db).page(after=after, limit=_AT_ONCE)
    for price in page.rows:
        context.publish(catalog.PriceSet.model_validate(price, from_attributes=True))
    if page.next is not None:
        sku, currency = page.next
        last = catalog.PriceOfSku(sku=sku, currency=currency)
        context.send(catalog.PublishPrices(publication_id=message.publication_id, after=last))


async def list_prices(message: catalog.ListPrices, context: CatalogContext) -> catalog.PricePage:
    """Lists prices by SKU and currency."""
    after = None
    if message.cursor is not None:
        sku, currency = context.place_of(message, message.cursor)
        after = (sku, currency)
    page = await PriceRepository(context.db).page(after=after, limit=message.limit)
    cursor = None if page.next is None else context.cursor_after(message, *page.next)
    items = tuple(
        catalog.PriceView.model_validate(each, from_attributes=True) for each in page.rows
    )
    return catalog.PricePage(items=items, next_cursor=cursor)
