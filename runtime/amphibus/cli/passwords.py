"""Passwords of users at the broker or in the database: made once, kept in a file for their owner alone."""

import json
import os
import secrets
import shlex
from collections.abc import Iterable
from pathlib import Path

from amphibus.config.correction import opened
from amphibus.errors import ConfigError

_FORBIDDEN = 0o077


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
