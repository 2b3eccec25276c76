"""The filters of dead letters, as the URL holds them."""

from collections.abc import Callable
from typing import Final

from amphibus.console.visit import microseconds_of
from amphibus.messages.contracts.amphibus.acting import Comparison, Condition, LetterField

FILTERS: Final = ("group", "type", "key", "id", "error", "since")
_FIELDS: Final[tuple[tuple[LetterField, Comparison], ...]] = (
    ("group", "="),
    ("type", "="),
    ("key", "="),
    ("id", "="),
    ("error", "~"),
)


def conditions_of(asked: Callable[[str], str], now: int) -> tuple[Condition, ...]:
    """Returns the conditions that some filters mean; `since` is a span such as 2h.

    Raises:
        NotUnderstood: the span is none.
        ValidationError: a value is none that a letter could have.
    """
    found = [
        Condition(field=field, comparison=how, value=asked(field))
        for field, how in _FIELDS
        if asked(field)
    ]
    if asked("since"):
        value = str(now - microseconds_of(asked("since")))
        found.append(Condition(field="died", comparison=">=", value=value))
    return tuple(found)
