"""The parts of the orders module, and its settings."""

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Final

from dependency_injector import containers, providers
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from amphibus import Hot

_PARTS: Final = 3
_DECIMALS: Final = -4
_HIGHEST: Final = Decimal(10) ** 9
Prices = dict[tuple[str, str], Decimal]
"""SKU and currency -> what one piece costs."""


@lru_cache(maxsize=8)
def price_list(lines: tuple[str, ...]) -> Prices:
    """Returns the catalogue's prices from lines such as `LANTERN 3.39 GBP`.

    Raises:
        ValueError: a line is none.
    """
    return dict(map(_price, lines))


def _price(line: str) -> tuple[tuple[str, str], Decimal]:
    parts = line.rsplit(maxsplit=_PARTS - 1)
    try:
        sku, price, currency = parts[0], Decimal(parts[1]), parts[2]
        exponent = price.as_tuple().exponent
    except (IndexError, InvalidOperation):
        raise ValueError(f"'{line}' is not written as LANTERN 3.39 GBP") from None
    if not isinstance(exponent, int) or exponent < _DECIMALS or not 0 <= price < _HIGHEST:
        raise ValueError(f"'{line}': a price is not negative and has up to 4 decimals")
    return (sku, currency), price


def _readable(lines: tuple[str, ...]) -> tuple[str, ...]:
    price_list(lines)
    return lines


class Settings(BaseModel):
    """The table `[modules.orders]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    payment_timeout_hours: Annotated[float, Field(gt=0), Hot()] = 24.0
    """Time that an order waits for its payment before it is rejected with `payment_timeout`."""
    prices: Annotated[tuple[str, ...], AfterValidator(_readable), Hot()] = ()
    """The catalogue: lines such as `LANTERN 3.39 GBP`. Whoever has no right `orders:price` pays these."""


class OrdersContainer(containers.DeclarativeContainer):
    """The module's container. Lives as long as the process."""

    settings = Settings
    config = providers.Configuration(strict=True)
    prices: providers.Provider[Prices] = providers.Callable(
        price_list, providers.Callable(tuple, config.prices)
    )
    payment_timeout = providers.Factory(timedelta, hours=config.payment_timeout_hours)
