"""A copy of the project in which the upgrade is tried: what the project's own commands say there is what it needs.

Files that may change are copied; all else, such as databases and environments, is linked, and only read.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from amphibus.cli.check.borders import is_made
from amphibus.cli.upgrade.found import Found, Left
from amphibus.cli.upgrade.words import WORDS
from amphibus.config.correction import opened

_TEXTS: Final = frozenset(
    {
        ".cfg",
        ".env",
        ".ini",
        ".json",
        ".lock",
        ".md",
        ".py",
        ".sh",
        ".toml",
        ".txt",
        ".yaml",
        ".yml",
    }
)
_NAMES: Final = frozenset({".env", "Dockerfile", "Procfile", "Makefile"})
_LARGEST: Final = 4 * 1024 * 1024
_SECONDS: Final = 600.0
_CONTRACT: Final = re.compile(r"([a-z][a-z0-9_]*)\.([A-Z]\w*)\.(v[0-9]+)\b")
_PLACE: Final = re.compile(r"([\w/.-]+\.py):[0-9]+")
_MODULE: Final = re.compile(r"module ([a-z][a-z0-9_]*)\b")


@contextmanager
def staged(root: Path) -> Iterator[Path]:
    """A copy of a project, gone afterwards.

    Raises:
        OSError: a file cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="amphibus-upgrade-") as folder:
        copy = Path(folder).resolve() / root.name
        _copy(root, copy)
        yield copy


def _copy(source: Path, target: Path) -> None:
    target.mkdir()
    for each in sorted(source.iterdir()):
        there = target / each.name
        if each.is_symlink() or not _may_change(each):
            there.symlink_to(each.resolve())
        elif each.is_dir():
            _copy(each, there)
        else:
            shutil.copy2(each, there)


def _may_change(path: Path) -> bool:
    if path.is_dir():
        hidden = path.name.startswith(".") and path.name != ".github"
        return not (hidden or is_made(path))
    named = path.suffix in _TEXTS or path.name in _NAMES
    return named and path.is_file() and path.stat().st_size <= _LARGEST


def files_of(copy: Path) -> Iterator[Path]:
    """The copied files of a staged project, by their paths below its root."""
    for folder, _, names in os.walk(copy):
        for name in sorted(names):
            path = Path(folder, name)
            if not path.is_symlink() and path.suffix != ".pyc":
                yield path.relative_to(copy)


def checked(copy: Path, found: Found) -> None:
    """Lets the project write its locks and pictures anew, and notes what its check says beyond that."""
    ended = command(copy, "check", "--fix", "--json")
    try:
        said = json.loads(ended.stdout)
        found.left += [_left(copy, str(each)) for each in said["problems"]]
    except (ValueError, KeyError, TypeError):
        words = " ".join(ended.stderr.split()) or f"it ended with exit code {ended.returncode}"
        found.left.append(Left("check", words, "amphibus check"))


def _left(copy: Path, problem: str) -> Left:
    """A problem of the check, at the class or the front page that it is about where it names one."""
    if place := _PLACE.match(problem):
        return Left(place[0], problem.removeprefix(place[0]).strip(), opened(place[1]))
    if contract := _CONTRACT.match(problem):
        path = Path("contracts", contract[1], f"{contract[3]}.py")
        line = _line_of(copy / path, f"class {contract[2]}(")
        return Left(f"{path}:{line}", problem, opened(str(path)))
    if module := _MODULE.match(problem):
        path = Path("modules", module[1], "module.py")
        return Left(f"{path}:1", problem, opened(str(path)))
    return Left("check", problem, "amphibus check")


def _line_of(path: Path, begin: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((number for number, each in enumerate(lines, 1) if each.startswith(begin)), 1)


def stores(copy: Path, found: Found) -> list[str]:
    """Returns the steps of databases that are there already, in words."""
    ended = command(copy, "db", "upgrade", "--dry-run")
    if ended.returncode:
        said = " ".join(ended.stderr.split())
        found.left.append(Left("databases", said, "amphibus db upgrade --dry-run"))
        return []
    return [line.removesuffix(" (dry run)") for line in ended.stdout.splitlines() if " -> " in line]


def command(root: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command in a process of its own: the project is loaded as it is there, and not as it was here."""
    ours = {WORDS.get(name, name): value for name, value in os.environ.items()}
    ours.pop("AMPHIBUS_FAILPOINT", None)
    return subprocess.run(
        [sys.executable, "-B", "-m", "amphibus.cli", *words],
        cwd=root,
        env=ours | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
