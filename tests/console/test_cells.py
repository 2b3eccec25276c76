"""A table shows texts of others, and none of them does anything to the terminal."""

import pytest

from amphibus.cli.output import show_columns


def test_a_cell_moves_no_cursor_and_forges_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_columns(("ID", "TEXT"), [("1", "\x1b[2Jgone\nok  all is well\u202e"), ("2", "Grüße")])

    out = capsys.readouterr().out
    assert out.splitlines()[1:] == ["1   \\x1b[2Jgone\\nok  all is well\\u202e", "2   Grüße"]
