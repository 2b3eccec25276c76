"""All files of an upgrade change or none does: they are written beside the project's, and are moved once all are there.

A kill before that has changed nothing. After it, the next `amphibus upgrade` moves what was not moved yet.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from amphibus.cli.output import CommandError
from amphibus.database.durable_files import sync_file
from amphibus.failpoints import failpoint

JOURNAL: Final = ".amphibus-upgrade"
"""The folder in the project's root that holds what is to be moved."""
_LIST: Final = "list.json"


def apply(
    root: Path, before: Mapping[Path, bytes | None], after: Mapping[Path, bytes | None]
) -> None:
    """Changes files from what they held to what they shall hold; None is no file.

    Raises:
        CommandError: a file was changed meanwhile, or cannot be written; nothing was changed.
    """
    for left in root.glob(f"{JOURNAL}-*"):
        shutil.rmtree(left)
    try:
        made = Path(tempfile.mkdtemp(prefix=f"{JOURNAL}-", dir=root))
        _write(made, before, after)
        failpoint("upgrade.before")
        made.rename(root / JOURNAL)
        sync_file(root)
    except OSError as error:
        raise CommandError(
            f"{root} cannot be written: {error.strerror}", "nothing was changed", f"ls -ld {root}"
        ) from None
    failpoint("upgrade.ready")
    finish(root)


def finish(root: Path) -> bool:
    """Moves what a cut-off upgrade has written and not moved; returns whether there was one.

    Raises:
        CommandError: a file was changed since.
    """
    journal = root / JOURNAL
    if not journal.is_dir():
        return False
    entries: list[dict[str, Any]] = json.loads((journal / _LIST).read_text(encoding="utf-8"))
    _refuse_changed(root, journal, entries)
    for number, entry in enumerate(entries):
        _move(journal / str(number), root / entry["path"], removed=entry["after"] is None)
        failpoint("upgrade.moved")
    shutil.rmtree(journal)
    return True


def _write(
    made: Path, before: Mapping[Path, bytes | None], after: Mapping[Path, bytes | None]
) -> None:
    entries = []
    for number, (path, data) in enumerate(after.items()):
        if data is not None:
            _put(made / str(number), data)
        entry = {"path": str(path), "before": _digest(before[path]), "after": _digest(data)}
        entries.append(entry)
    _put(made / _LIST, json.dumps(entries, indent=1).encode())
    sync_file(made)


def _put(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _move(new: Path, path: Path, *, removed: bool) -> None:
    if removed:
        path.unlink(missing_ok=True)
    elif new.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            shutil.copymode(path, new)
        new.replace(path)


def _refuse_changed(root: Path, journal: Path, entries: list[dict[str, Any]]) -> None:
    """An editor may have written a file since it was planned; what a person wrote last is not written over."""
    for entry in entries:
        path = root / entry["path"]
        now = _digest(path.read_bytes() if path.is_file() else None)
        if now not in (entry["before"], entry["after"]):
            raise CommandError(
                f"{entry['path']} was changed while the upgrade was under way",
                "what you wrote is kept; the upgrade has to be planned anew",
                f"rm -r {journal} && amphibus upgrade",
            )


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
