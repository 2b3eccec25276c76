"""The check of a value that is to be set while a system runs, and its form in JSON."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from amphibus.config.correction import PREFIX
from amphibus.config.layers import SettingProblem
from amphibus.config.leaves import Leaf, named
from amphibus.config.masking import shown
from amphibus.nearest import did_you_mean, nearest

Values = Mapping[str, Any]
"""Dotted key -> value, as JSON has it."""
_PROBE: Final = "x"


def leaf_of(key: str, known: Mapping[str, Leaf]) -> Leaf | None:
    """Returns the declaration of a setting, None where there is none."""
    return named(known, key).get(key)


def unknown(key: str, known: Mapping[str, Leaf]) -> SettingProblem:
    """Returns the problem with a key that nobody knows."""
    section = key.rpartition(".")[0]
    beside = [each for each in known if each.rpartition(".")[0] == section] or list(known)
    near = nearest(key, known)
    return SettingProblem(
        f"unknown setting {key}",
        f"known here: {', '.join(beside)}{did_you_mean(key, known)}",
        f"amphibus config explain {near}" if near else "amphibus config show",
    )


def problem_with(key: str, value: Any, known: Mapping[str, Leaf]) -> SettingProblem | None:
    """Returns what stands against a value by itself, or nothing."""
    leaf = leaf_of(key, known)
    if leaf is None:
        return unknown(key, known)
    if leaf.secret or shown(key, _PROBE) != _PROBE:
        return SettingProblem(
            f"{key} is a secret",
            "secrets are given by the environment or a file, and are kept nowhere else",
            f"export {_variable(key)}_FILE=PATH",
        )
    if leaf.hot is None:
        return SettingProblem(
            f"{key} cannot change while the system runs",
            "it is read at the start alone",
            f"set {key} in config/amphibus.toml, or {_variable(key)}, and start again",
        )
    try:
        leaf.adapter.validate_python(value)
    except ValidationError as error:
        return _not_allowed(key, value, error)
    if shown(key, value) != value:
        return SettingProblem(
            f"the value of {key} holds a password",
            "secrets are given by the environment or a file, and are kept nowhere else",
            f"export {_variable(key)}=...",
        )
    return None


def value_of(key: str, text: str, known: Mapping[str, Leaf]) -> Any:
    """Returns a value that was typed, as JSON has it; the text itself where it fits nothing."""
    leaf = leaf_of(key, known)
    if leaf is None:
        return text
    for given in (text, _parsed(text)):
        try:
            value = leaf.adapter.validate_python(given)
        except ValidationError:
            continue
        return leaf.adapter.dump_python(value, mode="json")
    return text


def _parsed(text: str) -> Any:
    """Returns a list, a table or null that was typed, else the text: `true` is no number, as it is in JSON's ways."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if found is None or isinstance(found, list | dict) else text


def _not_allowed(key: str, value: Any, error: ValidationError) -> SettingProblem:
    wrong = error.errors()[0]
    listed = re.findall(r"'([^']*)'", str(wrong.get("ctx", {}).get("expected", "")))
    reason = wrong["msg"].removeprefix("Value error, ") + did_you_mean(str(value), listed)
    return SettingProblem(
        f"{key} = {shown(key, value)!r} is not allowed",
        reason[0].lower() + reason[1:],
        f"amphibus config explain {key}",
    )


def _variable(key: str) -> str:
    return PREFIX + key.upper().replace(".", "__")
