"""The settings of one process, of which those that are hot change while it runs.

Its sections stay the same objects. Whoever holds one sees a change when it reads the setting next; what keeps a number
of its own, as a semaphore does, is told by `on_change`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from amphibus.config.layers import SettingProblem, flat
from amphibus.config.leaves import Leaf, leaves
from amphibus.config.module_settings import problems_of_module
from amphibus.config.policies import own_settings
from amphibus.config.proposal import Values, leaf_of, problem_with
from amphibus.config.settings import Settings
from amphibus.errors import ConfigError

LIVE = "live"
"""The origin of a value that was set while the system ran."""
Listener = Callable[[frozenset[str]], None]
Models = Mapping[str, type[BaseModel]]
"""The models of the settings of modules, by module."""


def leaves_of(models: Models) -> dict[str, Leaf]:
    """Returns every setting that there is, with those of some modules, by its dotted key."""
    known = dict(leaves(Settings))
    for module, model in models.items():
        known |= leaves(model, f"modules.{module}.")
    return known


class LiveSettings:
    """Lives as long as its process. Hand on `settings` and its sections, never copies of them."""

    def __init__(self, settings: Settings, models: Models | None = None) -> None:
        self._base = settings
        self._models = models or {}
        self.known = leaves_of(self._models)
        self.settings = _own(settings)
        self.values: Values = {}
        """The hot settings that are set, by dotted key, as JSON has them."""
        self.on_change: list[Listener] = []
        """Called with the keys whose values have changed; one that fails is called again by the next `take`."""
        self._untold: dict[Listener, frozenset[str]] = {}

    def value(self, key: str) -> Any:
        """Returns the value of a setting; its default where nothing gives it."""
        leaf = leaf_of(key, self.known)
        default = None
        if leaf is not None and key in self.known:
            default = leaf.field.get_default(call_default_factory=True)
        return dict(flat(self.settings)).get(key, default)

    def problems(self, values: Values) -> list[SettingProblem]:
        """Returns what stands against some values; those of modules that are not here are no business of ours."""
        found = [
            problem
            for key, value in values.items()
            if self._concerns(key) and (problem := problem_with(key, value, self.known))
        ]
        return found or self._problems_together(values)

    def fitting(self, values: Values) -> Values:
        """Returns those of some values that nothing stands against; none if these do not fit together."""
        found = {
            key: value
            for key, value in values.items()
            if not (self._concerns(key) and problem_with(key, value, self.known))
        }
        return {} if self.problems(found) else found

    def take(self, values: Values) -> frozenset[str]:
        """Sets them and unsets all others, at one stroke; returns the keys whose values have changed.

        Raises:
            ConfigError: they are not allowed; nothing was changed.
            Exception: of the first listener that failed. They are set, and all others have heard of it.
        """
        problems = self.problems(values)
        if problems:
            raise ConfigError(*problems[0])
        before, wanted = dict(flat(self.settings)), self._with(values)
        _put_into(self.settings, wanted)
        self.values = dict(values)
        after = dict(flat(self.settings))
        keys = before.keys() | after.keys()
        changed = frozenset(key for key in keys if before.get(key) != after.get(key))
        for each in self.on_change if changed else ():
            self._untold[each] = self._untold.get(each, frozenset()) | changed
        self._tell()
        return changed

    def _tell(self) -> None:
        """Tells everybody who has not heard of a change: whoever fails keeps no other from it."""
        failures: list[BaseException] = []
        for each, keys in tuple(self._untold.items()):
            try:
                each(keys)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - code of the project among it
                failures.append(error)
            else:
                del self._untold[each]
        if failures:
            raise failures[0]

    def _concerns(self, key: str) -> bool:
        table, _, rest = key.partition(".")
        return table != "modules" or rest.partition(".")[0] in self._models

    def _problems_together(self, values: Values) -> list[SettingProblem]:
        """Returns what stands against values that are allowed one by one."""
        try:
            merged = self._with(values)
        except ValidationError as error:
            return [
                SettingProblem(
                    f"[{'.'.join(map(str, each['loc']))}] does not fit together",
                    each["msg"].removeprefix("Value error, "),
                    "amphibus config show",
                )
                for each in error.errors()
            ]
        return [
            problem
            for module, model in self._models.items()
            for problem in problems_of_module(
                module, model, own_settings(merged, module), lambda _key: LIVE
            )
        ]

    def _with(self, values: Values) -> Settings:
        """Returns the settings of the start with these over them.

        Raises:
            ValidationError: they do not fit together.
        """
        merged = self._base.model_dump()
        for key, value in values.items():
            _put(merged, key, value)
        wanted = Settings.model_validate(merged)
        keys = (*dict(flat(self._base)), *values)
        wanted.come_from({key: LIVE if key in values else self._base.origin(key) for key in keys})
        return wanted


def as_text(values: Values) -> str:
    """Returns values as they are kept and sent."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def from_text(text: str) -> Values:
    """Returns values that were kept or sent.

    Raises:
        ValueError: it is nothing of the kind.
    """
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no table of settings")  # noqa: TRY004 - the text is wrong, not the type
    return found


def _own(settings: Settings) -> Settings:
    """Returns a copy that shares no section with anybody."""
    sections = {
        name: value.model_copy() for name, value in settings if isinstance(value, BaseModel)
    }
    return settings.model_copy(update=sections)


def _put_into(settings: Settings, wanted: Settings) -> None:
    for name, value in wanted:
        mine = getattr(settings, name)
        if isinstance(mine, BaseModel):
            vars(mine).update(vars(value))  # the section is frozen for everybody else
        else:
            vars(settings)[name] = value
    settings.come_from({key: wanted.origin(key) for key, _ in flat(wanted)})


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        values[section] = dict(values.get(section) or {})
        values = values[section]
    values[last] = value
