"""The settings of a module, checked by the model in its container, in the words of all settings."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from amphibus.config.correction import correction
from amphibus.config.layers import SettingProblem
from amphibus.nearest import did_you_mean


def problems_of_module(
    name: str, model: type[BaseModel], given: Mapping[str, Any], origin: Callable[[str], str]
) -> list[SettingProblem]:
    """Returns the problems of the table `[modules.<name>]`; `origin` says where a key's value was given."""
    try:
        model.model_validate(given)
    except ValidationError as error:
        section = f"modules.{name}"
        return [
            _problem(section, [f"{section}.{each}" for each in model.model_fields], wrong, origin)
            for wrong in error.errors(include_url=False, include_input=False)
        ]
    return []


def _problem(
    section: str, known: list[str], wrong: Any, origin: Callable[[str], str]
) -> SettingProblem:
    key = ".".join(map(str, (section, *wrong["loc"])))
    where = origin(key)
    if wrong["type"] == "extra_forbidden":
        return SettingProblem(
            f"{where}: unknown setting {key}",
            f"known here: {', '.join(known)}{did_you_mean(key, known)}",
            correction(where),
        )
    if wrong["type"] == "missing":
        return SettingProblem(
            f"{key} is not set", f"known here: {', '.join(known)}", "amphibus config show"
        )
    reason = wrong["msg"].removeprefix("Value error, ")
    return SettingProblem(
        f"{where}: the value of {key} is not allowed",
        reason[0].lower() + reason[1:],
        correction(where),
    )
