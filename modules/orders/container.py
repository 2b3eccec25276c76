"""The parts of the orders module, and its settings."""

from datetime import timedelta
from typing import Annotated

from dependency_injector import containers, providers
from pydantic import BaseModel, ConfigDict, Field

from amphibus import Hot


class Settings(BaseModel):
    """The table `[modules.orders]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    payment_timeout_hours: Annotated[float, Field(gt=0), Hot()] = 24.0
    """Time that an order waits for its payment before it is rejected with `payment_timeout`."""


class OrdersContainer(containers.DeclarativeContainer):
    """The module's container. Lives as long as the process."""

    settings = Settings
    config = providers.Configuration(strict=True)
    payment_timeout = providers.Factory(timedelta, hours=config.payment_timeout_hours)
