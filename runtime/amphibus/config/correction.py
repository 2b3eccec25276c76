"""The command that corrects a setting: it opens the file or renames the variable that holds it."""

import shlex
from typing import Final

PREFIX: Final = "AMPHIBUS_"
FORMER: Final = {
    "bus.gather_seconds": "bus.commit_delay_seconds",
    "rabbitmq.partitions": "bus.partitions",
    "producers.*.hears": "producers.*.subscribes",
}
"""Settings that have another name now; `*` is any name. `amphibus upgrade` renames them in a project's files."""


def name_of_now(key: str) -> str | None:
    """Returns the name that a former setting has now, or None if there was none of that name."""
    for old, new in FORMER.items():
        section, star, last = old.partition(".*.")
        if not star and key == old:
            return new
        if star and key.startswith(f"{section}.") and key.endswith(f".{last}"):
            return key.removesuffix(last) + new.rpartition(".")[2]
    return None


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
