"""What stands in the place of a database and is none is refused in words, before anything is made."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.console.conftest import Console


def _text(path: Path) -> None:
    path.write_text("hello\n")


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "note").touch()


def _of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE song (title TEXT)")


def _damaged(path: Path) -> None:
    _of_another_program(path)
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8092)


def _broken_link(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


WRONG: Final = (
    (_text, "is no SQLite database"),
    (_folder, "is no file"),
    (_of_another_program, "is no database of a module"),
    (_damaged, "is damaged"),
    (_broken_link, "leads nowhere"),
)
COMMANDS: Final = (("run", "--port", "0"), ("db", "status"), ("db", "upgrade"))


@pytest.mark.parametrize(("make", "said"), WRONG, ids=[each.__name__ for each, _ in WRONG])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: "-".join(words[:2]))
def test_it_is_named_with_the_reason_and_what_to_type(
    console: Console, command: tuple[str, ...], make: Callable[[Path], None], said: str
) -> None:
    path = _made(console, make)
    before = _everything_in(console.root)

    ended = console(*command)

    assert (ended.code, ended.out) == (1, "")
    what, why, fix = ended.err.splitlines()
    assert what == f"error  {path} {said}"
    assert why.startswith("  why  ")
    assert fix.startswith("  fix  m")
    assert _everything_in(console.root) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: "-".join(words[:2]))
def test_one_that_may_not_be_read_is_named_with_the_right_to_give(
    console: Console, command: tuple[str, ...]
) -> None:
    path = _made(console, _of_another_program)
    path.chmod(0)

    ended = console(*command)

    assert ended.code == 1
    assert ended.err.splitlines() == [
        f"error  {path} cannot be read",
        "  why  Permission denied",
        f"  fix  chmod u+rw {path}",
    ]


def _made(console: Console, make: Callable[[Path], None]) -> Path:
    console.data_dir.mkdir()
    path = console.data_dir / "shelf.db"
    make(path)
    return path


def _everything_in(folder: Path) -> dict[Path, bytes | None]:
    return {
        each: each.read_bytes() if each.is_file() else None
        for each in folder.rglob("*")
        if "__pycache__" not in each.parts
    }
