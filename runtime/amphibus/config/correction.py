"""The command that corrects a setting: it opens the file or renames the variable that holds it."""

import shlex
from typing import Final

PREFIX: Final = "AMPHIBUS_"


def correction(origin: str) -> str:
    """Returns what to type where a setting was given wrongly; `origin` is a file, a variable or a flag."""
    if origin.startswith(PREFIX):
        return f"unset {origin}"
    return opened(origin) if origin.endswith(".toml") else "amphibus config show"


def opened(path: str) -> str:
    """Returns the command that opens a file in the editor of whoever types it."""
    return f"${{EDITOR:-vi}} {shlex.quote(path)}"


def renamed(variable: str, right: str, value: str, *, secret: bool) -> str:
    """Returns what gives the value to the right variable; a secret is copied without being printed."""
    given = f'"${variable}"' if secret else shlex.quote(value)
    return f"export {right}={given}; unset {variable}"
