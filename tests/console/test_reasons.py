"""A reason is kept whole or refused, whichever command asks for it."""

import pytest

from tests.console.conftest import Console

_LONG = "x" * 201


@pytest.mark.parametrize(
    "typed",
    [
        ("pause", "shelf"),
        ("limits", "set", "shelf", "shelf.Sell.v1", "--at-most", "2"),
        ("processes", "cancel", "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"),
    ],
    ids=lambda words: words[0],
)
def test_a_reason_that_is_too_long_is_refused(console: Console, typed: tuple[str, ...]) -> None:
    console.store("shelf")

    ended = console(*typed, "--reason", _LONG)

    assert ended.code == 2
    assert ended.err.startswith("error  --reason has 201 characters\n  why  it takes up to 200\n")
