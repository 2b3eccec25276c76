"""The Git repository of a new project, where there is Git."""

import subprocess
from pathlib import Path


def begin_repository(root: Path) -> str:
    """Begins one with nothing committed; returns a sentence about what was done."""
    if _inside(root):
        return "not begun: the folder lies in a repository already"
    try:
        ended = _git(root, "init", "--quiet")
    except OSError:
        return "not begun: there is no git here; type `git init` once there is"
    said = " ".join(ended.stderr.split())
    return f"not begun: {said}" if ended.returncode else "repository begun, nothing committed yet"


def _inside(root: Path) -> bool:
    return any((folder / ".git").exists() for folder in root.resolve().parents)


def _git(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
