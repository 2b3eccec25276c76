"""The parts of the payments module, and its settings."""

from pathlib import Path

from dependency_injector import containers, providers
from pydantic import BaseModel, ConfigDict

from modules.payments.adapters.provider import PaymentProvider
from modules.payments.adapters.sandbox import Sandbox


class Settings(BaseModel):
    """The table `[modules.payments]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sandbox_file: str = "payments-sandbox.db"
    """The books of the embedded sandbox provider, in the data directory."""


class PaymentsContainer(containers.DeclarativeContainer):
    """The module's container. Lives as long as the process."""

    settings = Settings
    config = providers.Configuration(strict=True)
    provider: providers.Provider[PaymentProvider] = providers.Singleton(
        Sandbox,
        providers.Callable(Path, config.data_dir, config.sandbox_file),
    )
