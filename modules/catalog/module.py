"""The front page of the catalog module: every message it sends or receives."""

from amphibus import Module, on
from contracts.catalog import v1 as catalog
from modules.catalog.container import CatalogContainer
from modules.catalog.handlers import list_prices, publish_prices, set_price
from modules.catalog.models import Base

module = Module(
    name="catalog",
    container=CatalogContainer,
    handles=(
        on(catalog.SetPrice, set_price),
        on(catalog.PublishPrices, publish_prices),
        on(catalog.ListPrices, list_prices),
    ),
    publishes=(catalog.PriceSet,),
    sends=(catalog.PublishPrices,),
    tables=Base.metadata,
)
