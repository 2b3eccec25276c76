"""What cannot be read is not told as if there were nothing."""

from tests.console.conftest import Console

_NOBODY = "postgresql://kiosk@127.0.0.1:1/kiosk"


def test_limits_that_cannot_be_read_are_not_told_to_be_none(console: Console) -> None:
    before = console("limits", "list")
    away = console("limits", "list", "--db", _NOBODY)

    assert (before.code, before.out) == (0, "nothing is limited\n")
    assert (away.code, away.out) == (1, "")
    assert "cannot be used by 'kiosk'" in away.err


def test_a_page_of_a_module_says_what_is_not_known_of_it(console: Console) -> None:
    before = console("modules", "shelf")
    away = console("modules", "shelf", AMPHIBUS_DB_URL=_NOBODY)

    assert (before.code, before.err) == (0, "")
    assert (away.code, away.out) == (0, before.out)
    assert away.err.startswith("note  what is paused and limited now is not known")
