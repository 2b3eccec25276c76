"""The command line in a project of its own, as a process of its own."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.console.kiosk import write_kiosk
from tests.console.stores import Store
from tests.services.warm import warm_process


@dataclass(frozen=True)
class Ended:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Console:
    """Runs commands in one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data_dir = root / "var"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AMPHIBUS_")
        }

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> Ended:
        ended = warm_process().run(
            arguments,
            cwd=self.root,
            environ=self.environment | environment,
            stdin=stdin,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "amphibus.cli", *arguments]

    def store(self, module: str) -> Store:
        return Store(self.data_dir, module)


@pytest.fixture
def console(tmp_path: Path) -> Console:
    """The command line in the kiosk, whose data folder is empty."""
    return Console(write_kiosk(tmp_path / "kiosk"))
