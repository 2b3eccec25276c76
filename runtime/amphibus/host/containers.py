"""The containers of modules: made with their settings, and given them anew."""

from pathlib import Path
from typing import Any

from amphibus.config.correction import opened
from amphibus.config.module_settings import problems_of_module
from amphibus.config.policies import own_settings
from amphibus.config.settings import Settings
from amphibus.errors import ConfigError
from amphibus.module import Module


def make_container(module: Module, settings: Settings) -> Any | None:
    """The module's container, with its validated settings and the data folder as `config`.

    Raises:
        ConfigError: a setting of the module is unknown or not allowed.
    """
    if module.container is None:
        return None
    of_settings = getattr(module.container, "of_settings", None)
    if of_settings is not None:
        return of_settings(settings)
    config: dict[str, Any] = {"data_dir": str(Path(settings.data_dir))}
    declared = module.settings
    given = own_settings(settings, module.name)
    if declared is not None:
        problems = problems_of_module(module.name, declared, given, settings.origin)
        if problems:
            raise ConfigError(*problems[0])
        config |= declared.model_validate(given).model_dump()
    elif given:
        raise ConfigError(
            f"module {module.name} has no settings, yet [modules.{module.name}] has some",
            f"its container declares no `settings`: {', '.join(given)}",
            opened("config/amphibus.toml"),
        )
    container = module.container()
    container.config.from_dict(config)
    return container


def adjust_container(module: Module, container: Any, settings: Settings) -> None:
    """Gives a container the settings of its module as they are now, for what it makes from now on."""
    declared, config = module.settings, getattr(container, "config", None)
    if declared is not None and config is not None:
        given = own_settings(settings, module.name)
        config.from_dict(declared.model_validate(given).model_dump())
