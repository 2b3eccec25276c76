"""The contracts of a git revision: their forms and their classes, tried in a process of their own."""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final

import amphibus
from amphibus.errors import AmphibusError
from amphibus.evolution.forms.form import digest
from amphibus.evolution.lock import lock_of, path_of
from amphibus.evolution.proof.sides import Question, Trial

_LONGEST: Final = 60.0
_MOST_REVISIONS: Final = 40


class RevisionError(AmphibusError):
    """A git revision whose contracts cannot be had. Nothing was compared."""


@dataclass(frozen=True, slots=True)
class Revision:
    """The contracts of one revision, on disk while they are needed."""

    label: str
    folder: Path
    runs: ClassVar[bool] = True

    def forms(self) -> dict[str, dict[str, Any]]:
        """Returns the form of every contract, by its type.

        Raises:
            RevisionError: they cannot be imported with this version of Amphibus.
        """
        return dict(self._asked({"forms": True})["forms"])

    def judge(self, questions: Sequence[Question]) -> list[Trial]:
        """Tries documents by the classes of the revision."""
        if not questions:
            return []
        asked = [[each.type, each.part, each.document, each.over_http] for each in questions]
        found = self._asked({"questions": asked})["trials"]
        return [Trial(refusal, emitted) for refusal, emitted in found]

    def _asked(self, request: dict[str, Any]) -> dict[str, Any]:
        runtime = str(Path(amphibus.__file__).parents[1])
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "amphibus.evolution.proof.revision_process"],
                input=json.dumps(request),
                capture_output=True,
                text=True,
                timeout=_LONGEST,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join((str(self.folder), runtime))},
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self._error(f"they were not loaded within {_LONGEST:g} seconds") from None
        if ended.returncode:
            said = ended.stderr.strip().splitlines() or ["the process said nothing"]
            raise self._error(said[-1])
        return dict(json.loads(ended.stdout))

    def _error(self, why: str) -> RevisionError:
        return RevisionError(
            f"the contracts of {self.label} cannot be loaded",
            why,
            "amphibus contracts check --released",
        )


@contextmanager
def revision(root: Path, name: str) -> Iterator[Revision]:
    """Puts the contracts of a revision into a folder for as long as they are needed.

    Raises:
        RevisionError: there is no such revision, or no contracts in it.
    """
    commit = _commit(root, name)
    archive = _git(root, "archive", "--format=tar", commit, "contracts")
    if archive is None:
        raise RevisionError(
            f"{name} holds no contracts",
            "there is no folder contracts in it",
            "git log -- contracts",
        )
    with tempfile.TemporaryDirectory(prefix="amphibus-contracts-") as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        yield Revision(f"the classes of {name[:12]}", Path(folder))


def released_in(root: Path, type_: str, edition: str) -> str | None:
    """Returns the newest revision whose lock holds a contract in this form, if there is one."""
    path = path_of(type_)
    said = _git(root, "log", "--format=%H", f"--max-count={_MOST_REVISIONS}", "--", str(path))
    for commit in (said or b"").decode().split():
        if _editions(root, commit, path).get(type_) == edition:
            return commit
    return None


def held_before(root: Path, path: Path) -> frozenset[str]:
    """Returns the types that a lock file holds in the last commit; none where git does not know it."""
    return frozenset(_editions(root, "HEAD", path))


@lru_cache(maxsize=256)
def _editions(root: Path, commit: str, path: Path) -> Mapping[str, str]:
    content = _git(root, "show", f"{commit}:./{path}")
    entries = lock_of({path: content}).entries if content else {}
    return {type_: digest(each.now) for type_, each in entries.items()}


def _commit(root: Path, name: str) -> str:
    found = (
        None
        if name.startswith("-")
        else _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    )
    if not found:
        raise RevisionError(
            f"there is no git revision {name}",
            f"git does not know it in {root}",
            "git branch --all && git tag",
        )
    return found.decode().strip()


def _git(root: Path, *words: str) -> bytes | None:
    """Returns what git says, or None where it fails or is not there."""
    try:
        ended = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, timeout=_LONGEST, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout if ended.returncode == 0 else None
