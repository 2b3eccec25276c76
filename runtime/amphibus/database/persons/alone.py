"""A text that tells a person, where it stands for itself: `C-1` is another one than `C-10`, and Ada than Adam."""

import re
from collections.abc import Mapping
from functools import lru_cache


def stands_in(text: str, sought: str) -> bool:
    """Returns whether a text stands in a longer one, and is no part of a longer word or number there."""
    return _alone(sought).search(text) is not None


def exchanged(text: str, others: Mapping[str, str]) -> str:
    """Returns a text with others in the place of some that stand in it for themselves, the longest first."""
    for each in sorted(others, key=len, reverse=True):
        text = _alone(each).sub(lambda _, other=others[each]: other, text)  # type: ignore[misc]
    return text


@lru_cache(maxsize=1_024)
def _alone(sought: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){re.escape(sought)}(?![^\W_])")
