"""The known names that are like one that nobody knows: one rule for commands, settings, modules and contracts."""

import difflib
from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 100
_ALIKE: Final = 0.6


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, or None where none is like it.

    Case does not count, nor do the dashes of an option, which all options have.
    """
    by_folded: dict[str, str] = {}
    for each in known:
        by_folded.setdefault(each.casefold().lstrip("-"), each)
    folded = name[:_LONGEST].casefold().lstrip("-")
    near = difflib.get_close_matches(folded, by_folded, n=1, cutoff=_ALIKE)
    return by_folded[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean NAME?` to end a sentence with, or nothing where no known name is like it."""
    near = nearest(name, known)
    return f"; did you mean {near}?" if near else ""
