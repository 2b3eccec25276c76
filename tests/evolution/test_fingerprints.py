"""The fingerprint of a validator is that of its code, under whatever version of Python it is read."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from amphibus.evolution.forms.validators import fingerprint

_MOST = 7


def _short(values: list[str]) -> list[str]:
    """Returns them: a comprehension is a function of its own in some versions, and says `_MOST` twice there."""
    if len(values) > _MOST:
        raise ValueError(f"at most {_MOST}, not {len(values)!r:>4}")
    return [each for each in values if len(each) < _MOST]


def _nothing(value: Any) -> Any:
    def inner(*, given: tuple[()] = ()) -> Any:
        return value, [*given], {}, (lambda: ())

    match value:
        case {"a": [], **rest}:
            return rest
        case _:
            return inner()


class _Checked:
    """A class whose methods validate."""

    @classmethod
    def check(cls, value: str) -> str:
        """Cleans it.

        In two lines.
        """
        return "".join(each for each in value if each.isalnum())


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (_short, "_short:4d1b2b081777"),
        (_nothing, "_nothing:70e412025f81"),
        (_Checked.check, "_Checked.check:d73cc2ff6548"),
    ],
)
def test_it_is_the_same_under_every_version(function: Callable[..., Any], expected: str) -> None:
    """`./test --full` asks every version that is installed here: a lock is written once, and read by all."""
    assert fingerprint(function) == expected, sys.version
