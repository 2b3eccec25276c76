"""Commands show texts of others, and none of them does anything to the terminal."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from amphibus.admin.dead import DeadLetter
from amphibus.admin.flows import Hop, Receipt
from amphibus.cli.check import command as check
from amphibus.cli.check import lint
from amphibus.cli.check.findings import text_of
from amphibus.cli.dead.letter import show_letter
from amphibus.cli.look.log_lines import print_lines
from amphibus.cli.look.logs import story
from amphibus.cli.output import show_columns, show_error, show_json
from amphibus.cli.upgrade import command as upgrade
from amphibus.cli.upgrade.found import Change, Found, Left
from amphibus.cli.upgrade.plan import Plan
from amphibus.errors import AmphibusError
from amphibus.evolution.differences.rules import RULES
from amphibus.evolution.findings import Finding
from amphibus.messages.contracts.amphibus.answers import DeadLetterContent

HOSTILE = "\x1b[2Jgone\u202e\x9b8m"
SHOWN = r"\x1b[2Jgone\u202e\x9b8m"


def test_a_cell_moves_no_cursor_and_forges_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_columns(("ID", "TEXT"), [("1", "\x1b[2Jgone\nok  all is well\u202e"), ("2", "Grüße")])

    out = capsys.readouterr().out
    assert out.splitlines()[1:] == ["1   \\x1b[2Jgone\\nok  all is well\\u202e", "2   Grüße"]


def test_the_story_of_a_flow_is_told_in_the_words_of_nobody_else() -> None:
    receipt = Receipt("desk", "dead", attempts=1, error=HOSTILE)
    hop = Hop("1", HOSTILE, HOSTILE, None, 0, HOSTILE, None, [receipt])

    (line,) = story([hop])

    assert line.count(SHOWN) == 3
    assert line.isprintable()


def test_a_dead_letter_keeps_the_lines_of_its_traceback_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    letter = DeadLetter(
        seq=1,
        ordering_key="",
        id="1",
        type=HOSTILE,
        source="desk",
        key="a\nok  all is well",
        time=0,
        correlation="1",
        received=0,
        attempts=1,
        died=0,
        reason="failed",
        error=HOSTILE,
        blocks=False,
        module="desk",
    )
    show_letter(
        letter, DeadLetterContent(traceback=f"one\n{HOSTILE}", body=base64.b64encode(b"{}"))
    )

    lines = capsys.readouterr().out.splitlines()
    assert all(line.isprintable() for line in lines)
    assert "one" in lines
    assert SHOWN in lines
    assert r"key          a\nok  all is well" in lines


@pytest.mark.parametrize("as_json", [True, False])
def test_log_lines_move_no_cursor(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    line = {"time": "2026-01-01T00:00:00Z", "level": "info", "event": HOSTILE, "error": HOSTILE}
    print_lines([("desk", {"text": HOSTILE}), ("desk", line)], as_json=as_json)

    assert all(each.isprintable() for each in capsys.readouterr().out.splitlines())


def test_an_error_of_a_process_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(AmphibusError(HOSTILE, HOSTILE, "amphibus ps"))

    said = capsys.readouterr().err
    assert said.count(SHOWN) == 2
    assert all(each.isprintable() for each in said.splitlines())


def test_what_a_project_is_told_of_itself_moves_no_cursor(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Names of files and texts of contracts may be those of a branch that somebody else wrote."""
    project: Any = None
    check._tell(project, [f"one\n{HOSTILE}"], [HOSTILE])
    lint._tell([], [HOSTILE], 0)
    changed = Found([Change(Path(HOSTILE), 1, HOSTILE)], [Left(HOSTILE, HOSTILE, HOSTILE)])
    upgrade._show(Plan(changed, {}, {Path(f"lock {HOSTILE}"): b""}, [HOSTILE]))
    finding = Finding(
        rule=next(iter(RULES)), severity="error", contract=HOSTILE, what=HOSTILE, instead=HOSTILE
    )

    said = capsys.readouterr().out + text_of(finding)
    assert said.count(SHOWN) >= 12
    assert all(each.isprintable() for each in said.splitlines())


def test_json_means_what_it_meant_and_a_terminal_obeys_none_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Half a pair of surrogates cannot be written at all otherwise."""
    given = {"error": HOSTILE, "half": "\ud800", "name": "Grüße \U000e0001"}
    show_json(given)

    said = capsys.readouterr().out
    assert all(each.isprintable() for each in said.splitlines())
    assert json.loads(said) == given
    assert "Grüße" in said
