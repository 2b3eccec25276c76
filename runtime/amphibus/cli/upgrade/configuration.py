"""Renames of settings in TOML. The lines stay as they were written; what comes out is compared with what was meant."""

import copy
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from amphibus.cli.upgrade.found import Found
from amphibus.config.correction import name_of_now, opened

_TABLE: Final = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")
_KEY: Final = re.compile(r"(\s*)([A-Za-z0-9_-]+)(\s*=)")


def renamed_settings(path: Path, text: str, found: Found) -> str:
    """Returns a file of settings with the keys of now, and notes each change. What is no TOML stays as it is."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text
    written = text.splitlines()
    for old, new in _former(given):
        line = (_line_of(written, *old.rsplit(".", 1)) or 0) + 1
        changed = _moved(text, old, new)
        wanted = _meant(given, old, new)
        if wanted is None or _read(changed) != wanted:
            what = f"{old} is called {new} now" + ("" if wanted else ", and both are set")
            found.leave(path, line, what, opened(str(path)))
            continue
        text, given = changed, wanted
        found.change(path, line, old, new)
    return text


def _former(given: dict[str, Any]) -> list[tuple[str, str]]:
    """The former settings that are set, each with its name of now."""
    pairs = ((key, name_of_now(key)) for key in _keys(given))
    return [(old, new) for old, new in pairs if new and _value(given, old) is not None]


def _keys(table: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, value in table.items():
        yield above + name
        if isinstance(value, dict):
            yield from _keys(value, f"{above}{name}.")


def _value(given: Any, key: str) -> Any:
    for part in key.split("."):
        given = given.get(part) if isinstance(given, dict) else None
    return given


def _meant(given: dict[str, Any], old: str, new: str) -> dict[str, Any] | None:
    """The settings after the change; None if the new key is set beside the old one."""
    if _value(given, new) is not None:
        return None
    after = copy.deepcopy(given)
    section, _, key = old.rpartition(".")
    value = _value(after, section).pop(key)
    there: dict[str, Any] = after
    *tables, last = new.split(".")
    for table in tables:
        there = there.setdefault(table, {})
    there[last] = value
    return after


def _moved(text: str, old: str, new: str) -> str:
    """The text in which another key is set instead."""
    lines = text.splitlines(keepends=True)
    section, _, key = old.rpartition(".")
    target, _, name = new.rpartition(".")
    at = _line_of(lines, section, key)
    if at is None:
        return text
    line = _KEY.sub(rf"\g<1>{name}\g<3>", lines[at], count=1)
    if section == target:
        lines[at] = line
        return "".join(lines)
    del lines[at]
    header = _header_of(lines, target)
    if header is None:
        lines += ["\n" if lines and lines[-1].endswith("\n") else "\n\n", f"[{target}]\n", line]
    else:
        lines.insert(header + 1, line)
    return "".join(lines)


def _line_of(lines: list[str], section: str, key: str) -> int | None:
    table = ""
    for number, line in enumerate(lines):
        if header := _TABLE.match(line):
            table = header[1].strip()
        elif table == section and (found := _KEY.match(line)) and found[2] == key:
            return number
    return None


def _header_of(lines: list[str], section: str) -> int | None:
    for number, line in enumerate(lines):
        if (header := _TABLE.match(line)) and header[1].strip() == section:
            return number
    return None


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
