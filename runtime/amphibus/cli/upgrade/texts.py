"""Words in files that are neither code nor settings, and the bounds within which a project asks for Amphibus."""

import re
from pathlib import Path
from typing import Final

from amphibus.cli.upgrade.found import Found
from amphibus.cli.upgrade.words import WORDS
from amphibus.config.correction import opened

_WORD: Final = re.compile(
    rf"(?<![\w.])(?:{'|'.join(re.escape(each) for each in sorted(WORDS, key=len, reverse=True))})(?!\w)"
)
_ASKED: Final = re.compile(
    r"""(?<![\w./-])amphibus(\[[\w, -]*\])?[ ]*((?:[<>=!~]=|[<>])[^"'#\n;]*)"""
)
_BOUNDS: Final = re.compile(r">=\s*([\d.]+)\s*,\s*<\s*([\d.]+)\s*")


def renamed_words(path: Path, text: str, found: Found) -> str:
    """Returns a text with the words of now, and notes each change."""
    if _WORD.search(text) is None:
        return text
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        for old in _WORD.findall(line):
            found.change(path, number + 1, old, WORDS[old])
        lines[number] = _WORD.sub(lambda it: WORDS[it[0]], line)
    return "".join(lines)


def bounded(path: Path, text: str, version: str, found: Found) -> str:
    """Returns a list of requirements that lets a version of Amphibus in, and notes each change."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        asked = _ASKED.search(line)
        if asked is not None:
            lines[number] = _with_bounds(path, number + 1, line, asked, version, found)
    return "".join(lines)


def _with_bounds(
    path: Path, number: int, line: str, asked: re.Match[str], version: str, found: Found
) -> str:
    bounds = _BOUNDS.fullmatch(asked[2])
    if bounds is None:
        if version not in asked[2]:
            what = f"{asked[0].strip()} is asked for, and {version} is installed"
            found.leave(path, number, what, opened(str(path)))
        return line
    if _numbers(bounds[1]) <= _numbers(version) < _numbers(bounds[2]):
        return line
    new = f">={version},<{_after(version)}"
    found.change(path, number, asked[2].strip(), new)
    return line[: asked.start(2)] + new + line[asked.end(2) :]


def _after(version: str) -> str:
    """The next version that may break something: a minor one before 1.0, then a major one."""
    major, minor = _numbers(version)[:2]
    return f"{major + 1}" if major else f"0.{minor + 1}"


def _numbers(version: str) -> tuple[int, ...]:
    found = [int(each) for each in re.findall(r"\d+", version)[:3]]
    return tuple([*found, 0, 0, 0][:3])
