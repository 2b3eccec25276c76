"""`amphibus export secrets`: the passwords that compose.yaml asks for, made once, in a file for their owner alone."""

import re
import secrets
from pathlib import Path
from typing import Final

from amphibus.cli import options
from amphibus.cli.output import GREEN, paint, plural
from amphibus.cli.passwords import write_secret

FILE: Final = ".env"
"""The file that docker compose reads by itself, beside compose.yaml."""
_WANTED: Final = re.compile(r"\$\{([A-Z][A-Z0-9_]*):\?")
_SET: Final = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*\S", re.MULTILINE)


def export() -> None:
    """Write the passwords that compose.yaml asks for into .env, each once; what is set there stays.

    Example: amphibus export secrets && docker compose up --build --detach
    """
    root = options.root()
    made = make_missing(root)
    if made:
        print(f"wrote  {plural(len(made), 'password')} into {root / FILE}: {', '.join(made)}")
    else:
        print(f"{paint('ok', GREEN)}  {FILE} has every password that compose.yaml asks for")


def make_missing(root: Path) -> list[str]:
    """Makes the secrets that the compose file of a project must have and .env does not set; returns their names.

    Raises:
        ConfigError: .env cannot be written.
    """
    compose, file = root / "compose.yaml", root / FILE
    wanted = sorted(set(_WANTED.findall(compose.read_text()))) if compose.is_file() else []
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    missing = [name for name in wanted if name not in _SET.findall(before)]
    if missing:
        lines = "".join(f"{name}={secrets.token_urlsafe(32)}\n" for name in missing)
        write_secret(file, (before.rstrip("\n") + "\n" if before else "") + lines)
    return missing
