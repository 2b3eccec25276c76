"""Inclusion of numbers and texts."""

from typing import Any, Final

from amphibus.contract.inclusion.alternatives import Alternative, Numbers, Texts
from amphibus.contract.inclusion.languages import text_between
from amphibus.contract.inclusion.limits import Beyond
from amphibus.contract.inclusion.values import as_json

_MOST_LISTED: Final = 64


def whole(it: Alternative) -> tuple[Any, ...] | None:
    """All values of an alternative, where they are few."""
    if it.values is not None or not isinstance(it.shape, Numbers):
        return it.values
    ends = it.shape.tight()
    if ends.low is None or ends.high is None:
        return None
    if ends.low == ends.high and not (ends.low_open or ends.high_open):
        return (as_json(ends.low),)
    if ends.step is None:
        return None
    count = int((ends.high - ends.low) / ends.step) + 1
    if count > _MOST_LISTED:
        return None
    return tuple(as_json(ends.low + number * ends.step) for number in range(max(count, 0)))


def numbers_within(theirs: Numbers, ours: Numbers) -> bool:
    """Returns whether each of our numbers is one of theirs."""
    if theirs.step is not None and (
        ours.step is None or (ours.step / theirs.step).denominator != 1
    ):
        return False
    it = ours.tight()
    if theirs.low is not None and (
        it.low is None
        or it.low < theirs.low
        or (it.low == theirs.low and theirs.low_open and not it.low_open)
    ):
        return False
    return theirs.high is None or not (
        it.high is None
        or it.high > theirs.high
        or (it.high == theirs.high and theirs.high_open and not it.high_open)
    )


def texts_within(theirs: Texts, ours: Texts) -> bool:
    """Returns whether it is proved that each of our texts is one of theirs."""
    if not theirs.formats <= ours.formats or not numbers_within(theirs.number, ours.number):
        return False
    if ours.shortest < theirs.shortest and not _always(ours, 0, theirs.shortest - 1):
        return False
    if (
        theirs.longest is not None
        and (ours.longest is None or ours.longest > theirs.longest)
        and not _always(ours, theirs.longest + 1, None)
    ):
        return False
    return all(_taken(pattern, ours) for pattern in theirs.patterns - ours.patterns)


def void_texts(it: Texts) -> bool:
    """Returns whether it is proved that there is no such text."""
    if it.number.void() or (it.longest is not None and it.shortest > it.longest):
        return True
    return bool(it.patterns) and _always(it, it.shortest, it.longest)


def _always(ours: Texts, shortest: int, longest: int | None) -> bool:
    """True if none of our texts has a length between the two, by the patterns alone."""
    if not ours.patterns:
        return False
    shortest = max(shortest, ours.shortest)
    if longest is None or (ours.longest is not None and ours.longest < longest):
        longest = ours.longest
    if longest is not None and shortest > longest:
        return True
    try:
        return text_between(tuple(sorted(ours.patterns)), (), shortest, longest) is None
    except Beyond:
        return False


def _taken(pattern: str, ours: Texts) -> bool:
    """True if a pattern takes all our texts; without regard to their length first, as that is less work."""
    patterns = tuple(sorted(ours.patterns))
    try:
        if text_between(patterns, (pattern,)) is None:
            return True
        return text_between(patterns, (pattern,), ours.shortest, ours.longest) is None
    except Beyond:
        return False
