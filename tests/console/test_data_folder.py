"""A folder that somebody mistyped is refused by every command that looks into one, and nothing is made."""

import pytest

from tests.console.conftest import Console
from tests.console.stores import Store

LOOKING = (
    ("send", "shelf.Sell.v1", "--data", '{"item": "cup"}'),
    ("dead", "list"),
    ("logs", "--lines"),
    ("db", "upgrade"),
    ("db", "backup"),
)


@pytest.mark.parametrize("command", LOOKING, ids=lambda words: "-".join(words[:2]))
def test_a_folder_that_is_not_there_is_answered_with_the_one_beside_it(
    console: Console, command: tuple[str, ...]
) -> None:
    Store(console.data_dir, "shelf")

    ended = console(*command, "--data-dir", "vra")

    assert ended.code == 2
    what, why, fix = ended.err.splitlines()
    assert what == f"error  no databases in {console.root / 'vra'}"
    assert why == "  why  there is no such folder; did you mean var?"
    assert fix.startswith("  fix  amphibus ")
    assert fix.endswith(" --data-dir var")
    assert not (console.root / "vra").exists()


def test_a_command_is_not_put_into_a_folder_without_a_shop(console: Console) -> None:
    """It would wait there for ever: nothing runs with that folder."""
    (console.root / "other").mkdir()
    (console.root / "other" / "notes.txt").touch()

    ended = console("send", "shelf.Sell.v1", "--data", '{"item": "cup"}', "--data-dir", "other")

    assert (ended.code, len(list((console.root / "other").iterdir()))) == (2, 1)
    assert ended.err.splitlines()[-1] == "  fix  amphibus run --data-dir other"
