"""Colour where somebody sees it, and nowhere else."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.console.conftest import Console

COLOUR = b"\x1b["


def on_a_terminal(console: Console, *arguments: str, **environment: str) -> bytes:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        console.command(*arguments),
        cwd=console.root,
        env=console.environment | {"TERM": "xterm"} | environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            piece = b""
        if not piece:
            break
        said += piece
    os.close(ours)
    process.wait(timeout=100)
    return said


@pytest.mark.parametrize("command", [("config", "show"), ("rnu",)])
def test_a_terminal_gets_colour(console: Console, command: tuple[str, ...]) -> None:
    assert COLOUR in on_a_terminal(console, *command)


@pytest.mark.parametrize("command", [("config", "show"), ("rnu",), ("--help",)])
def test_a_terminal_whose_user_wants_none_gets_none(
    console: Console, command: tuple[str, ...]
) -> None:
    """See no-color.org."""
    assert COLOUR not in on_a_terminal(console, *command, NO_COLOR="1")


@pytest.mark.parametrize("command", [("config", "show"), ("rnu",), ("--help",)])
def test_a_pipe_gets_none(console: Console, command: tuple[str, ...]) -> None:
    ended = console(*command)

    assert COLOUR.decode() not in ended.out + ended.err


def test_a_bar_shows_how_far_a_file_is(console: Console) -> None:
    file = console.root / "sales.ndjson"
    file.write_text(
        "".join(
            f'{{"type": "shelf.Sell.v1", "id": "s-{number}", "data": {{"item": "cup"}}}}\n'
            for number in range(30)
        )
    )

    said = on_a_terminal(console, "send", "--file", str(file))

    assert b"sending" in said
    assert b"30/30" in said


@pytest.mark.parametrize("command", [("modules",), ("config", "show")])
def test_output_that_finds_no_room_is_an_error_in_three_lines(
    console: Console, command: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            console.command(*command),
            cwd=console.root,
            env=console.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=100,
            check=False,
        )

    assert (ended.returncode, ended.stderr.splitlines()) == (
        1,
        [
            "error  a file, or the output, cannot be used",
            "  why  No space left on device",
            "  fix  df -h",
        ],
    )
