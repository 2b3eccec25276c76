"""The parts of the payments module, and its settings."""

from pathlib import Path
from typing import Annotated

from dependency_injector import containers, providers
from pydantic import BaseModel, ConfigDict

from amphibus import Hot
from modules.payments.adapters.provider import PaymentProvider
from modules.payments.adapters.sandbox import Sandbox


class Settings(BaseModel):
    """The table `[modules.payments]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    sandbox_file: str = "payments-sandbox.db"
    """The books of the embedded sandbox provider, in the data directory."""
    accepts: Annotated[bool, Hot()] = True
    """New payments are authorised; if false, each is declined as `payments_off`. What is held can be captured."""


class PaymentsContainer(containers.DeclarativeContainer):
    """The module's container. Lives as long as the process."""

    settings = Settings
    config = providers.Configuration(strict=True)
    accepts: providers.Provider[bool] = providers.Callable(bool, config.accepts)
    provider: providers.Provider[PaymentProvider] = providers.Singleton(
        Sandbox,
        providers.Callable(Path, config.data_dir, config.sandbox_file),
    )
