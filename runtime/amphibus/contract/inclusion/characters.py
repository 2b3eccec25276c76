"""Sets of characters, as ranges of code points."""

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final

Characters = tuple[tuple[int, int], ...]
_LAST: Final = sys.maxunicode
_SURROGATES: Final = (0xD800, 0xDFFF)
ALL: Final[Characters] = ((0, _LAST),)
NO_NEW_LINE: Final[Characters] = ((0, 9), (11, _LAST))
_PLEASANT: Final = "aA0x1bcdefZ-_ .,:/@"


def union(sets: Iterable[Characters]) -> Characters:
    """All characters of all sets."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(each for one in sets for each in one):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def others(characters: Characters) -> Characters:
    """All characters that are not in the set."""
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in union((characters,)):
        if low > start:
            found.append((start, low - 1))
        start = high + 1
    return (*found, (start, _LAST)) if start <= _LAST else tuple(found)


@lru_cache(maxsize=8)
def named(letter: str) -> Characters:
    r"""The characters of `\d`, `\w` or `\s`, as Python and Unicode have them; a capital letter means all others."""
    if letter.isupper():
        return others(named(letter.lower()))
    return tuple(_ranges(_NAMED[letter]))


def _ranges(belongs: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    start = None
    for code in range(_LAST + 2):
        inside = code <= _LAST and belongs(chr(code))
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            yield start, code - 1
            start = None


_NAMED: Final[dict[str, Callable[[str], bool]]] = {
    "d": str.isdecimal,
    "s": str.isspace,
    "w": lambda character: character.isalnum() or character == "_",
}


def representatives(sets: Iterable[Characters]) -> list[str]:
    """One character of each class that the sets do not tell apart, the most readable first."""
    cuts = sorted({0, *(end for one in sets for low, high in one for end in (low, high + 1))})
    ends = [*cuts[1:], _LAST + 1]
    found = [_readable(low, end - 1) for low, end in zip(cuts, ends, strict=True) if low <= _LAST]
    return sorted((each for each in found if each is not None), key=_unpleasantness)


def _readable(low: int, high: int) -> str | None:
    for each in _PLEASANT:
        if low <= ord(each) <= high:
            return each
    if low <= ord("~") and high >= ord("!"):
        return chr(max(low, ord("!")))
    if low >= _SURROGATES[0] and low <= _SURROGATES[1]:
        return None if high <= _SURROGATES[1] else chr(_SURROGATES[1] + 1)
    return chr(low)


def _unpleasantness(character: str) -> tuple[int, int]:
    place = _PLEASANT.find(character)
    if place >= 0:
        return 0, place
    return (1 if "!" <= character <= "~" else 2), ord(character)
