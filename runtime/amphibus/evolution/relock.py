"""The lock that follows from a check: it takes up what is safe or approved, and never what breaks anything."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from amphibus.evolution.check import Report
from amphibus.evolution.lock import Entry, path_of, texts_of


def next_lock(report: Report) -> dict[Path, str]:
    """Returns the text of every lock file after all that may be written was written."""
    return texts_of(_entries(report))


def stale_files(root: Path, wanted: Mapping[Path, str]) -> list[Path]:
    """Returns the lock files that are not what they should be, below the project's root."""
    there = {path.relative_to(root) for path in root.glob("contracts/*/v*.lock.json")}
    differ = [path for path, text in wanted.items() if _read(root / path) != text]
    return sorted([*differ, *(there - set(wanted))])


def write_lock(root: Path, report: Report) -> list[Path]:
    """Writes the lock files that may be written, and removes those without contracts; returns them.

    A file that is damaged stays as it is: what it held must not be forgotten.
    """
    wanted = next_lock(report)
    damaged = {each.split()[0] for each in report.problems}
    changed = [each for each in stale_files(root, wanted) if str(each) not in damaged]
    for path in changed:
        if path in wanted:
            (root / path).write_text(wanted[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return changed


def _entries(report: Report) -> Iterator[Entry]:
    held = {path_of(each.contract) for each in report.findings if each.gates}
    for type_ in sorted({*report.forms, *report.lock.entries}):
        form, entry = report.forms.get(type_), report.lock.entries.get(type_)
        if path_of(type_) in held:
            # A value that several contracts share is taken up for all of them or for none.
            if entry is not None:
                yield entry
        elif entry is None and form is not None:
            yield Entry(_plain(form))
        elif entry is not None and form is not None:
            yield entry.followed_by(_plain(form), _accepted(report, type_))


def _accepted(report: Report, type_: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for each in report.findings:
        if each.contract == type_ and each.waived:
            found.setdefault(each.edition, {})[each.key] = each.waived
    return found


def _plain(form: Mapping[str, Any]) -> dict[str, Any]:
    return dict(form)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
