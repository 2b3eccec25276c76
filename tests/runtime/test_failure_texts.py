"""An error is told whatever its own text does: what a failure path cannot tell, it would try for ever."""

import pytest

from amphibus.telemetry.privacy import describe, traceback_of

_MANY = 5_000


class RaisesItself(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


IsNoText = type("IsNoText", (Exception,), {"__str__": lambda _self: 3})


class EndsTheProcess(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class NeverEnds(Exception):
    def __str__(self) -> str:
        return str(self)


class HasLostItsCause(Exception):
    @property
    def orig(self) -> BaseException:
        raise RuntimeError("detached")


class CannotBeCompared(Exception):
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise TypeError("cannot be compared")


@pytest.mark.parametrize(
    "odd", [RaisesItself, IsNoText, EndsTheProcess, NeverEnds, HasLostItsCause]
)
def test_a_text_that_cannot_be_read_is_told_as_that(odd: type[Exception]) -> None:
    error = odd("x")

    assert describe(error).startswith(f"{odd.__name__}: its text cannot be read (")
    assert traceback_of(error) == describe(error)


def test_causes_that_cannot_be_compared_are_told() -> None:
    error = ValueError("after")
    error.__cause__ = CannotBeCompared("before")

    assert traceback_of(error) == "CannotBeCompared: before\nValueError: after"


def test_causes_without_end_are_cut() -> None:
    error: Exception = ValueError("first")
    for number in range(_MANY):
        later = ValueError(str(number))
        later.__cause__ = error
        error = later
    told = traceback_of(error).splitlines()

    assert len(told) < 100
    assert told[-1] == f"ValueError: {_MANY - 1}"


def test_groups_in_groups_without_end_are_cut() -> None:
    error: Exception = ValueError("innermost")
    for _ in range(_MANY):
        error = ExceptionGroup("group", [error])

    assert len(traceback_of(error).splitlines()) < 100


def test_the_errors_of_a_group_are_told_in_their_order() -> None:
    group = ExceptionGroup("two", [ValueError("first"), KeyError("second")])

    assert traceback_of(group).splitlines() == [
        "ExceptionGroup: two (2 sub-exceptions)",
        "ValueError: first",
        "KeyError: 'second'",
    ]
