"""A new project is written beside its place and moved there when it is whole: nothing half written is ever seen."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from amphibus.cli.new.choice import Choice
from amphibus.cli.new.files import files_of
from amphibus.cli.new.locks import write_locks
from amphibus.cli.output import CommandError, Exit

_SCRIPTS: Final = frozenset({"test"})


def write(choice: Choice, *, dry: bool) -> list[Path]:
    """Writes the project, or where `dry` only says what it would be; returns the paths of its files.

    Raises:
        CommandError: it cannot be written; nothing was.
    """
    name = choice.name
    _refuse_taken(choice.target)
    with _staged(choice.target, dry=dry) as made:
        for path, data in files_of(choice):
            _put(made / path, data, script=path in _SCRIPTS)
        write_locks(made, name)
        found = sorted(each.relative_to(made) for each in made.rglob("*") if each.is_file())
        if not dry:
            _land(made, choice.target)
    return found


@contextmanager
def _staged(target: Path, *, dry: bool) -> Iterator[Path]:
    """A folder beside the target, or for a dry run anywhere, that is gone afterwards.

    Raises:
        CommandError: it cannot be written.
    """
    place = None if dry else target.parent
    try:
        with tempfile.TemporaryDirectory(prefix=".amphibus-new-", dir=place) as folder:
            made = Path(folder) / "project"
            made.mkdir()
            yield made
    except OSError as error:
        raise CommandError(
            f"{target} cannot be written: {error.strerror}",
            "nothing was written",
            f"ls -ld {target.parent}",
        ) from None


def _put(path: Path, data: bytes, *, script: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if script:
        path.chmod(0o755)


def _refuse_taken(target: Path) -> None:
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        raise CommandError(
            f"{target} is there already" + (", and is not empty" if target.is_dir() else ""),
            "a project begins in a new folder, or in an empty one; nothing was written",
            "choose another name",
            Exit.USAGE,
            change={target.name: f"{target.name}_2"},
        )


def _land(made: Path, target: Path) -> None:
    """Moves the project to its place: in one step, or if the folder is there already entry by entry."""
    if not target.exists():
        made.rename(target)
        return
    moved: list[Path] = []
    try:
        for each in sorted(made.iterdir()):
            moved.append(each.rename(target / each.name))  # noqa: PERF401 - taken back if one fails
    except OSError:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
