"""The plan of an upgrade: all that this version asks of a project, found in a copy of it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphibus import __version__
from amphibus.cli.upgrade.code import renamed_code
from amphibus.cli.upgrade.configuration import renamed_settings
from amphibus.cli.upgrade.found import Found, Left
from amphibus.cli.upgrade.staging import checked, files_of, staged, stores
from amphibus.cli.upgrade.texts import bounded, renamed_words
from amphibus.cli.upgrade.words import WORDS

_PROSE: Final = frozenset({".lock", ".md", ".py"})
"""Files in whose text a former word may be meant: a changelog, a lock of packages, a test."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is asked, and the content of each file afterwards."""

    found: Found
    before: dict[Path, bytes | None]
    """What a file holds that changes; None for one that is made."""
    after: dict[Path, bytes | None]
    """What it will hold; None for one that goes."""
    stores: list[str]
    """The steps of the databases, in words."""

    @property
    def generated(self) -> list[Path]:
        """The files that change because others do: locks, pictures, repositories."""
        named = {each.path for each in self.found.changes}
        return [path for path in self.after if path not in named]

    @property
    def asks(self) -> bool:
        """True if there is something that can be done."""
        return bool(self.after or self.stores)


def plan(root: Path) -> Plan:
    """Finds what is asked of a project. Nothing is changed.

    Raises:
        OSError: a file of the project cannot be read.
    """
    found = Found()
    with staged(root) as copy:
        for path in list(files_of(copy)):
            written = (copy / path).read_bytes()
            renamed = _renamed(path, written, found)
            if renamed != written:
                (copy / path).write_bytes(renamed)
        checked(copy, found)
        steps = stores(copy, found)
        after = {path: (copy / path).read_bytes() for path in files_of(copy)}
        gone = _copied_before(root, after)
    _leave_variables(found)
    _leave_locks(after, found)
    changed: dict[Path, bytes | None] = {
        path: data for path, data in after.items() if _read(root / path) != data
    }
    changed |= dict.fromkeys(gone)
    return Plan(found, {path: _read(root / path) for path in changed}, changed, steps)


def _renamed(path: Path, data: bytes, found: Found) -> bytes:
    """The content of one file with the words of now."""
    if path.suffix == ".py":
        return renamed_code(path, data, found)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data
    if path.parent == Path("config") and path.suffix == ".toml":
        text = renamed_settings(path, text, found)
    if path.name == "pyproject.toml" or path.match("requirements*.txt"):
        text = bounded(path, text, __version__, found)
    if path.suffix not in _PROSE and "tests" not in path.parts:
        text = renamed_words(path, text, found)
    return text.encode()


def _copied_before(root: Path, after: dict[Path, bytes]) -> list[Path]:
    """The locks of contracts that the check took away."""
    there = (path.relative_to(root) for path in root.glob("contracts/*/v*.lock.json"))
    return [path for path in there if path not in after]


def _leave_variables(found: Found) -> None:
    for name in sorted(set(WORDS) & set(os.environ)):
        fix = f'export {WORDS[name]}="${name}"; unset {name}'
        found.left.append(Left("environment", f"{name} is called {WORDS[name]} now", fix))


def _leave_locks(after: dict[Path, bytes], found: Found) -> None:
    """The locks of packages, which follow from a bound and need an index."""
    bounds = any(each.what.startswith(">=") for each in found.changes)
    if bounds and Path("uv.lock") in after:
        found.left.append(Left("uv.lock", "it follows from the bound of amphibus", "uv lock"))


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
