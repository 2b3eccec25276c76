"""A project that modules are added to, and the commands that are typed in it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.tree import ROOT
from tests.console.kiosk import write_kiosk
from tests.services.warm import warm_process

_ENDS_WITHIN_SECONDS = 240.0
_RULES = ("pyproject.toml", "ARCHITECTURE.md")


@dataclass(frozen=True)
class Ended:
    """What a command said and how it ended."""

    code: int
    out: str


@dataclass(frozen=True)
class Workplace:
    """A project in a folder of its own."""

    root: Path

    @classmethod
    def of_kiosk(cls, root: Path) -> "Workplace":
        return cls(write_kiosk(root))

    @classmethod
    def of_shop(cls, root: Path) -> "Workplace":
        """A copy of the shop with its rules, and with nothing in its tests."""
        for name in ("config", "contracts", "demo", "examples", "modules"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        for name in _RULES:
            shutil.copy(ROOT / name, root / name)
        return cls(root)

    def add(self, *words: str) -> Ended:
        return self.amphibus("add", *words)

    def added(self, *words: str) -> str:
        """What an addition that goes well says."""
        ended = self.add(*words)
        assert ended.code == 0, ended.out
        return ended.out

    def amphibus(self, *words: str) -> Ended:
        ended = warm_process().run(words, cwd=self.root, environ=_environ(), joined=True)
        return Ended(ended.returncode, ended.stdout)

    def python(self, *words: str) -> Ended:
        ended = subprocess.run(
            [sys.executable, *words],
            cwd=self.root,
            env=_environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_ENDS_WITHIN_SECONDS,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout)

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """All files, less what Python and the databases leave."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not {"__pycache__", "var"} & set(path.parts)
        }


def _environ() -> dict[str, str]:
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AMPHIBUS_", "PYTEST_"))
    }
    return environ | {"COLUMNS": "200", "PYTHONPATH": str(ROOT / "runtime")}
