"""Roles: names for sets of scopes, from `config/access.toml`."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from amphibus.access.scopes import wrong_in_scopes
from amphibus.errors import ConfigError

ROLES: Final = Path("config/access.toml")


@dataclass(frozen=True, slots=True)
class Roles:
    """The scopes of each role. A role that nobody knows has none."""

    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def scopes_of(self, roles: Iterable[str]) -> frozenset[str]:
        """Returns the scopes of all of some roles."""
        return frozenset().union(*(self.scopes.get(each, frozenset()) for each in roles))


def read_roles(root: Path) -> Roles:
    """Reads the roles of a project; none if it has no such file.

    Raises:
        ConfigError: the file cannot be understood.
    """
    try:
        text = (root / ROLES).read_text(encoding="utf-8")
    except FileNotFoundError:
        return Roles()
    try:
        return Roles(_roles(tomllib.loads(text)))
    except (ValueError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{ROLES} cannot be understood", str(error), f"${{EDITOR:-vi}} {ROLES}"
        ) from None


def _roles(data: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    table = data.get("roles", {})
    if set(data) - {"roles"} or not isinstance(table, dict):
        raise ValueError("it has one table, [roles], with a list of scopes for each role")
    return {name: _scopes(name, listed) for name, listed in table.items()}


def _scopes(name: str, listed: Any) -> frozenset[str]:
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ValueError(f"role {name} is no list of scopes")
    why = wrong_in_scopes(listed)
    if why is not None:
        raise ValueError(f"role {name}: {why}")
    return frozenset(listed)
