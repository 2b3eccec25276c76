"""The files that a command makes and adds to: all of them, or none."""

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from amphibus.cli.add.page import FrontPage, Page
from amphibus.cli.output import GREEN, CommandError, paint, printable, printable_lines


@dataclass(slots=True)
class Plan:
    """The contents of files by their paths in the project, before anything is written."""

    root: Path
    made: dict[Path, bytes] = field(default_factory=dict)
    added_to: dict[Path, bytes] = field(default_factory=dict)

    def make(self, path: str | Path, text: str) -> None:
        """Plans a new file.

        Raises:
            CommandError: there is one.
        """
        there = Path(path)
        if self.exists(there):
            raise CommandError(
                f"{there} is there already",
                "no file is written over; nothing was written",
                f"${{EDITOR:-vi}} {there}",
            )
        self.made[there] = text.encode()

    def make_missing(self, path: str | Path, text: str) -> None:
        """Plans a new file unless there is one."""
        if not self.exists(Path(path)):
            self.make(path, text)

    def exists(self, path: Path) -> bool:
        """Returns whether there is such a file, or will be. A link that leads nowhere counts."""
        return path in self.made or os.path.lexists(self.root / path)

    def page(self, path: str | Path) -> Page:
        """Returns a file as it will be.

        Raises:
            CommandError: it cannot be read.
        """
        there = Path(path)
        for planned in (self.made, self.added_to):
            if there in planned:
                return Page(there, planned[there])
        try:
            return Page(there, (self.root / there).read_bytes())
        except OSError as error:
            raise CommandError(
                f"{there} cannot be read: {error.strerror}",
                "it has to be added to; nothing was written",
                f"ls -l {there}",
            ) from None

    def put(self, page: Page | FrontPage) -> None:
        """Plans a file's new content."""
        page = page.page if isinstance(page, FrontPage) else page
        page.tree  # noqa: B018 - what is no Python is refused before anything is written
        planned = self.made if page.path in self.made else self.added_to
        planned[page.path] = page.data

    def write(self) -> None:
        """Writes all files, or none.

        Raises:
            CommandError: one cannot be written.
        """
        folders: list[Path] = []
        done: list[tuple[Path, bytes | None]] = []
        try:
            for path, data in self.made.items():
                folders += _made_folders((self.root / path).parent)
                with (self.root / path).open("xb") as file:
                    done.append((path, None))
                    file.write(data)
            for path, data in self.added_to.items():
                done.append((path, (self.root / path).read_bytes()))
                (self.root / path).write_bytes(data)
        except OSError as error:
            self._undo(done, folders)
            raise CommandError(
                f"{path} cannot be written: {error.strerror}",
                "nothing was written",
                f"ls -ld {path.parent}",
            ) from None

    def _undo(self, done: list[tuple[Path, bytes | None]], folders: list[Path]) -> None:
        for path, before in reversed(done):
            if before is None:
                (self.root / path).unlink(missing_ok=True)
            else:
                (self.root / path).write_bytes(before)
        for folder in reversed(folders):
            folder.rmdir()

    def tell(self, *, dry: bool) -> None:
        """Prints what is done; before it is done, line by line."""
        for path in self.made:
            print(f"{paint('would create' if dry else 'create ', GREEN)}  {printable(str(path))}")
        for path in self.added_to:
            print(f"{paint('would add to' if dry else 'add to ', GREEN)}  {printable(str(path))}")
        if dry:
            print("\n" + printable_lines("\n".join(self.difference())))

    def difference(self) -> Iterator[str]:
        """The new lines, as `diff -u` shows them."""
        for path, data in {**self.made, **self.added_to}.items():
            new = path in self.made
            before = [] if new else (self.root / path).read_bytes().decode().splitlines()
            yield from difflib.unified_diff(
                before,
                data.decode().splitlines(),
                "/dev/null" if new else f"a/{path}",
                f"b/{path}",
                lineterm="",
            )


def _made_folders(folder: Path) -> list[Path]:
    """Makes a folder with those above it; returns the new ones."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir()
    return list(reversed(missing))
