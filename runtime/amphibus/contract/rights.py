"""The rights that a contract declares: which scope its route needs, and whose the object is."""

import re
from collections.abc import Mapping
from typing import Any, Final

PUBLIC: Final = "public"
"""`requires=PUBLIC`: anybody may, without saying who he is."""
_SCOPE: Final = re.compile(r"[a-z][a-z0-9_-]*(:[a-z][a-z0-9_-]*)+")


def problem_of_scope(requires: str) -> str | None:
    """Returns what is wrong with the right that a contract requires, or None."""
    if requires == PUBLIC:
        return None
    if _SCOPE.fullmatch(requires) is None:
        return f"requires='{requires}', which is no scope: write it as requires=\"orders:read\""
    if requires.endswith(":any"):
        return f"requires='{requires}': leave out ':any', which is over what others own"
    return None


def has_path(fields: Mapping[str, Any], path: str) -> bool:
    """Returns whether a dotted path begins with one of some fields."""
    return path.partition(".")[0] in fields
