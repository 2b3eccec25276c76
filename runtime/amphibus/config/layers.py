"""Reads the layers of the configuration, rejects what is not allowed, and remembers the origin of each value."""

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError

from amphibus.config.correction import PREFIX, correction, name_of_now, opened, renamed
from amphibus.config.leaves import Leaf, leaves, named
from amphibus.config.masking import FREE, SECRET_WORDS, shown
from amphibus.errors import ConfigError
from amphibus.nearest import did_you_mean, nearest

_NOT_SETTINGS: Final = (
    "AMPHIBUS_COMMAND",
    "AMPHIBUS_FAILPOINT",
    "AMPHIBUS_LISTENING",
    "AMPHIBUS_SUPERVISED",
)
_OF_TESTS: Final = "AMPHIBUS_TEST_"
"""The prefix of the variables that configure the tests."""
_FLAGS: Final = {
    "data_dir": "--data-dir",
    "db_url": "--db",
    "amqp_url": "--amqp",
    "drain_seconds": "--drain",
}


class SettingEntry(NamedTuple):
    """One value with the place that gave it."""

    key: str
    value: Any
    origin: str
    typed: bool
    """True for TOML, which has types; texts from the environment and flags are converted."""


class SettingProblem(NamedTuple):
    """One problem of the configuration."""

    what: str
    why: str
    fix: str


def read_layers(
    model: type[BaseModel],
    root: Path,
    mode: str,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns all layers merged, as nested values and as dotted key -> origin.

    Raises:
        ConfigError: with every problem that was found.
    """
    known = dict(leaves(model))
    values: dict[str, Any] = {"data_dir": root / "var"}
    origins: dict[str, str] = {}
    problems: list[SettingProblem] = []
    for entry in _entries(root, mode, flags, _with_files_read(environ, known)):
        found = _checked(entry, known, root)
        if isinstance(found, SettingProblem):
            problems.append(found)
        else:
            _put(values, entry.key, found)
            origins[entry.key] = entry.origin
    if not problems:
        problems += _problems_between(model, values, origins)
    if problems:
        raise _error(problems)
    return values, origins


def given_values(
    model: type[BaseModel],
    root: Path,
    mode: str,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
) -> Iterator[SettingEntry]:
    """Yields what each layer gives, the lowest first, as it is written there.

    Raises:
        ConfigError: a file cannot be read.
    """
    return _entries(root, mode, flags, _with_files_read(environ, dict(leaves(model))))


def flat(settings: BaseModel) -> Iterator[tuple[str, Any]]:
    """Yields every setting as dotted key and value, in the order of declaration."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from ((f"{name}.{key}", inner) for key, inner in flat(value))
        elif isinstance(value, Mapping):
            yield from _flat_mapping(value, f"{name}.")
        else:
            yield name, value


def _flat_mapping(mapping: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in mapping.items():
        if isinstance(value, BaseModel):
            yield from ((f"{prefix}{key}.{name}", inner) for name, inner in flat(value))
        elif isinstance(value, Mapping):
            yield from _flat_mapping(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _entries(
    root: Path, mode: str, flags: Mapping[str, Any], environ: Mapping[str, str]
) -> Iterator[SettingEntry]:
    for name in ("amphibus", mode):
        path = f"config/{name}.toml"
        for key, value in _flat_mapping(_read(root / path, path), ""):
            yield SettingEntry(key, value, path, typed=True)
    for variable, text in environ.items():
        ours = variable.startswith(PREFIX) and not variable.startswith(_OF_TESTS)
        if ours and variable not in _NOT_SETTINGS:
            yield SettingEntry(_key(variable), text, variable, typed=False)
    for key, value in flags.items():
        if value is not None:
            flag = _FLAGS.get(key, "--" + key.replace("_", "-").replace(".", "-"))
            yield SettingEntry(key, value, flag, typed=False)


def _with_files_read(environ: Mapping[str, str], known: Mapping[str, Leaf]) -> dict[str, str]:
    """Returns the environment with secrets read from files: `AMPHIBUS_AMQP_URL_FILE` is the path of one.

    Raises:
        ConfigError: a file cannot be read, or the secret is given in both ways.
    """
    found = dict(environ)
    for variable, path in environ.items():
        whole = variable.removesuffix("_FILE")
        key = _key(whole)
        if whole == variable or not variable.startswith(PREFIX) or not _is_secret(key, known):
            continue
        if whole in environ:
            raise ConfigError(
                f"{whole} and {variable} are both set",
                "they are two ways to say the same",
                f"unset {whole}",
            )
        del found[variable]
        try:
            found[whole] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise ConfigError(
                f"{variable}: {path} cannot be read", why, f"ls -l {shlex.quote(path)}"
            ) from error
    return found


def _is_secret(key: str, known: Mapping[str, Leaf]) -> bool:
    if key.partition(".")[0] in FREE:
        return key.rsplit(".", 1)[-1].endswith(SECRET_WORDS)
    known = named(known, key)
    return key in known and SecretStr in known[key].texts


def _key(variable: str) -> str:
    return variable.removeprefix(PREFIX).lower().replace("__", ".")


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} is not TOML", str(error), opened(name)) from error
    except OSError as error:
        raise ConfigError(
            f"{name} cannot be read",
            error.strerror or str(error),
            f"ls -l {shlex.quote(str(path))}",
        ) from error


def _checked(entry: SettingEntry, known: Mapping[str, Leaf], root: Path) -> Any:
    """Returns the value converted to its type, or the problem with it."""
    if entry.key.startswith("modules.") and entry.key.count(".") > 1:
        return entry.value  # checked by the module's own model
    known = named(known, entry.key)
    leaf = known.get(entry.key)
    if leaf is None:
        return _unknown(entry, known)
    try:
        value = leaf.adapter.validate_python(entry.value, strict=entry.typed and not leaf.texts)
    except ValidationError as error:
        wrong = error.errors()[0]
        listed = re.findall(r"'([^']*)'", str(wrong.get("ctx", {}).get("expected", "")))
        reason = wrong["msg"] + did_you_mean(str(entry.value), listed)
        secret = SecretStr in leaf.texts
        given = shown(entry.key, SecretStr(str(entry.value)) if secret else entry.value)
        return SettingProblem(
            f"{entry.origin}: {entry.key} = {given!r} is not allowed",
            reason[0].lower() + reason[1:],
            correction(entry.origin),
        )
    if isinstance(value, Path):
        return (root if entry.typed else Path.cwd()) / value.expanduser()
    return value


def _unknown(entry: SettingEntry, known: Mapping[str, Leaf]) -> SettingProblem:
    section = entry.key.rpartition(".")[0]
    beside = [key for key in known if key.rpartition(".")[0] == section] or list(known)
    now = name_of_now(entry.key)
    near = now or nearest(entry.key, known)
    fix, hint = correction(entry.origin), f"; did you mean {near}?" if near else ""
    if now and not entry.origin.startswith(PREFIX):
        fix, hint = "amphibus upgrade", f"; it is called {now} now"
    if near and entry.origin.startswith(PREFIX):
        right = PREFIX + near.upper().replace(".", "__")
        secret = SecretStr in known[near].texts or shown(entry.key, entry.value) != entry.value
        fix = renamed(entry.origin, right, str(entry.value), secret=secret)
        hint = f"; did you mean {right}?"
    return SettingProblem(
        f"{entry.origin}: unknown setting {entry.key}",
        f"known here: {', '.join(beside)}{hint}",
        fix,
    )


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        if not isinstance(values.get(section), dict):
            values[section] = {}
        values = values[section]
    values[last] = value


def _problems_between(
    model: type[BaseModel], values: Mapping[str, Any], origins: Mapping[str, str]
) -> Iterator[SettingProblem]:
    try:
        model.model_validate(values)
    except ValidationError as error:
        for each in error.errors():
            section = ".".join(str(part) for part in each["loc"] if part != "[key]")
            given = sorted({origins[key] for key in origins if _meet(key, section)})
            yield SettingProblem(
                f"{', '.join(given)}: [{section}] does not fit together",
                each["msg"].removeprefix("Value error, "),
                "amphibus config show",
            )


def _meet(key: str, section: str) -> bool:
    """Returns whether a setting lies in a section, or a section in a value given for a setting."""
    return f"{key}.".startswith(f"{section}.") or f"{section}.".startswith(f"{key}.")


def _error(problems: list[SettingProblem]) -> ConfigError:
    if len(problems) == 1:
        return ConfigError(*problems[0])
    lines = [f"{each.what} ({each.why}; {each.fix})" for each in problems]
    return ConfigError(
        f"{len(problems)} settings cannot be used",
        "\n        ".join(lines),
        "amphibus config show",
    )
