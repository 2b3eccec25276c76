"""The files of the project, for the tests that read them."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("runtime/amphibus", "contracts", "modules")


def python_files(*folders: str) -> Iterator[Path]:
    """Every Python file below these folders, in a stable order."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def place(path: Path) -> str:
    """Where a file stands in the project, as people write it."""
    return path.relative_to(ROOT).as_posix()
