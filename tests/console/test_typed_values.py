"""What was typed and makes no sense is told so, before anybody is asked; none is not the same as none wanted."""

import pytest

from tests.console.conftest import Console

_LONG = "x" * 1_000


@pytest.mark.parametrize(
    "typed",
    [
        ("logs", "--key", _LONG),
        ("logs", "--message", _LONG),
        ("logs", "--correlation", _LONG),
        ("dead", "show", _LONG),
        ("dead", "retry", _LONG),
        ("operations", "show", _LONG),
    ],
)
def test_a_value_that_nothing_could_have_is_a_mistake_in_what_was_typed(
    console: Console, typed: tuple[str, ...]
) -> None:
    console.store("shelf").handled("m-1")

    ended = console(*typed)

    what, why, fix = ended.err.splitlines()
    assert (ended.code, ended.out) == (2, "")
    assert "cannot be asked that" in what
    assert "must have at most" in why
    assert fix.endswith(" --help")


@pytest.mark.parametrize("limit", ["0", "-1", "99999999999999999999"])
@pytest.mark.parametrize(
    "command",
    ["logs", "audit list", "operations list", "config history", "processes list till", "tap"],
)
def test_who_asks_for_no_rows_is_not_told_that_there_are_none(
    console: Console, command: str, limit: str
) -> None:
    console.store("shelf").handled("m-1")

    ended = console(*command.split(), "--limit", limit)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f'error  Invalid value "{limit}" for --limit')
