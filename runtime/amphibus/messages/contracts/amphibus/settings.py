"""The answers about settings that change while the system runs."""

from amphibus.contract import Value


class SettingsInForce(Value):
    """The settings that were set while the system ran, as a process uses them."""

    revision: int
    """0 if none ever was."""
    settings: str
    """By dotted key, as JSON."""
    problem: str
    """Why it does not use a later revision."""


class SettingRefused(Value):
    """Something that stands against a change of the settings."""

    what: str
    why: str
    fix: str


class SettingsChecked(Value):
    """The problems of a process with settings that it may have to use, and the newest revision that it can read."""

    revision: int
    problems: tuple[SettingRefused, ...]
