"""The things that a version asks of a project: changes that are made, and what is left to a person."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One change of one line."""

    path: Path
    line: int
    what: str


@dataclass(frozen=True, slots=True, order=True)
class Left:
    """A thing that is not done: where it is, and what does it."""

    place: str
    what: str
    fix: str


@dataclass(slots=True)
class Found:
    """All that was found, in the order of the files."""

    changes: list[Change] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    def change(self, path: Path, line: int, old: str, new: str) -> None:
        """Notes that a word of a line becomes another."""
        self.changes.append(Change(path, line, f"{old} -> {new}"))

    def leave(self, path: Path, line: int, what: str, fix: str) -> None:
        """Notes what a person has to do at a line."""
        self.left.append(Left(f"{path}:{line}", what, fix))
