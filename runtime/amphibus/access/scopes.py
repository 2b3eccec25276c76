"""Scopes: rights as texts, such as `orders:read`, `orders:read:any`, `orders:*` and `*`."""

from collections.abc import Collection, Iterable
from typing import Final

EVERYTHING: Final = frozenset({"*"})
"""All rights."""
_ALL: Final = "*"
_ANY: Final = ":any"
"""After a scope: over what belongs to others too."""


def allows(scopes: Collection[str], wanted: str) -> bool:
    """Returns whether scopes hold a right, at least over what is one's own."""
    return wanted in scopes or _ALL in scopes or any(_matches(each, wanted) for each in scopes)


def over_all(wanted: str) -> str:
    """Returns the scope that holds a right over everything, whoever owns it."""
    return wanted + _ANY


def reaches_all(scopes: Collection[str], wanted: str) -> bool:
    """Returns whether scopes hold a right over everything, whoever owns it."""
    whole = over_all(wanted)
    return whole in scopes or _ALL in scopes or any(_covers(each, whole) for each in scopes)


def wrong_in_scope(scope: str) -> str | None:
    """Returns what is wrong with a scope as it is written in a file or a command, or None."""
    if scope == _ALL:
        return None
    parts = scope.split(":")
    if len(parts) < 2 or not all(_is_word(each) for each in parts[:-1]):
        return "is no scope: it is written as orders:read, orders:read:any, orders:* or *"
    return None if parts[-1] == _ALL or _is_word(parts[-1]) else "is no scope"


def wrong_in_scopes(scopes: Iterable[str]) -> str | None:
    """Returns what is wrong with the first of some scopes that is none, or None."""
    for each in scopes:
        why = wrong_in_scope(each)
        if why is not None:
            return f"'{each[:100]}' {why}"
    return None


def _matches(scope: str, wanted: str) -> bool:
    return _covers(scope, wanted) or scope == over_all(wanted)


def _covers(scope: str, wanted: str) -> bool:
    return scope.endswith(":*") and wanted.startswith(scope[:-1])


def _is_word(text: str) -> bool:
    return text.isascii() and text.replace("-", "").replace("_", "").isalnum() and text.islower()
