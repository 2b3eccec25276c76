"""Passwords of users at the broker or in the database: made once, kept in a file for their owner alone.

None is typed: a command line is shown to everybody on the machine. An address that has one is read from a file.
"""

import json
import os
import re
import secrets
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from amphibus.cli.output import CommandError, Exit
from amphibus.config.correction import opened
from amphibus.errors import ConfigError

_FORBIDDEN = 0o077
_ADDRESSES: Final = ("--db", "--amqp", "--http", "--management")
"""Options that take an address, or `@FILE` for the file that has it."""
_TYPED: Final = re.compile(r"[A-Za-z][\w+.-]*://[^/@\s:]*:(?P<password>[^/@\s]+)@")
_KNOWN_TO_ALL: Final = "guest"
"""RabbitMQ's own, which it takes from its own machine alone."""


def with_addresses(words: Sequence[str]) -> list[str]:
    """Returns a command line with the addresses of `@FILE` in their places.

    Raises:
        CommandError: a password was typed.
        ConfigError: a file cannot be read.
    """
    found: list[str] = []
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        name, equals, value = word.partition("=") if word.startswith("--") else (before, "", word)
        typed = _TYPED.match(value)
        if typed is not None and typed["password"] != _KNOWN_TO_ALL:
            raise _was_typed(words, at, name, equals)
        is_file = name in _ADDRESSES and value.startswith("@")
        given = _address(value[1:]) if is_file else value
        found.append(f"{name}=" * bool(equals) + given if is_file else word)
    return found


def _was_typed(words: Sequence[str], at: int, name: str, equals: str) -> CommandError:
    place = f"@{name.lstrip('-') or 'its'}-url" if name in _ADDRESSES else "ADDRESS"
    instead = f"{name}={place}" if equals else place
    line = shlex.join(("amphibus", *words[:at], instead, *words[at + 1 :]))
    file = place.removeprefix("@")
    return CommandError(
        f"{name if name.startswith('--') else 'an argument'} has a password in it",
        "everybody on this machine can read command lines, and shells keep them; "
        f"write the address into a file that is yours alone, such as {file}",
        line if name in _ADDRESSES else "amphibus config show",
        Exit.USAGE,
    )


def _address(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read",
            getattr(error, "strerror", None) or str(error),
            f"ls -l {shlex.quote(path)}",
        ) from None


def read_passwords(path: Path) -> dict[str, str]:
    """Returns user -> password; none if there is no file.

    Raises:
        ConfigError: others may read the file, or it is not what it should be.
    """
    try:
        mode = path.stat().st_mode
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read", str(error), f"ls -l {shlex.quote(str(path))}"
        ) from None
    if os.name == "posix" and mode & _FORBIDDEN:
        raise ConfigError(
            f"{path} holds passwords, and others may read it",
            f"its mode is {mode & 0o777:o}; if somebody may have read it, remove it and apply again",
            f"chmod 600 {shlex.quote(str(path))}",
        )
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise ConfigError(
            f"{path} is no table of users",
            'it is JSON, {"user": "password"}; without it, new passwords are made up',
            opened(str(path)),
        )
    return found


def passwords(path: Path, users: Iterable[str]) -> dict[str, str]:
    """Returns the password of each user; makes and writes missing ones before they are used.

    Raises:
        ConfigError: as `read_passwords`, or the file cannot be written.
    """
    known = read_passwords(path)
    missing = [user for user in users if user not in known]
    if missing:
        known |= {user: secrets.token_urlsafe(32) for user in missing}
        write_secret(path, json.dumps(dict(sorted(known.items())), indent=2) + "\n")
    return {user: known[user] for user in users}


def write_secret(path: Path, text: str) -> None:
    """Writes a file that its owner alone may read.

    Raises:
        ConfigError: it cannot be written.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The file appears whole or not at all, and others can never read it, not even for a moment.
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written", error.strerror or str(error), f"ls -ld {path.parent}"
        ) from None
