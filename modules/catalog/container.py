"""The parts of the catalog module: its own database, and nothing else."""

from dependency_injector import containers, providers
from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """The table `[modules.catalog]` of the configuration: nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class CatalogContainer(containers.DeclarativeContainer):
    """The module's container. Lives as long as the process."""

    settings = Settings
    config = providers.Configuration(strict=True)
