"""A project of three small modules on disk, whose contracts are edited between checks."""

import subprocess
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.console.conftest import Console, Ended

STORE = '''\
    """The store."""

    from typing import Annotated
    from uuid import UUID

    from pydantic import Field

    from amphibus.contract import Command, Event, Key


    class Put(Command[None], key="shelf", example={"shelf": "A1", "pieces": 3}):
        """Puts pieces on a shelf."""

        shelf: Key
        pieces: Annotated[int, Field(ge=1, le=1000)]


    class Stored(Event, key="shelf", example={"shelf": "A1", "pieces": 3}):
        """Pieces were put on a shelf."""

        shelf: Key
        pieces: Annotated[int, Field(ge=1, le=1000)]
'''
_FRONT = '''\
    """The front page."""

    from amphibus.module import Module, on
    from contracts.store import v1 as store


    async def nothing(message: object, context: object) -> None:
        """Does nothing."""


    module = Module(name="{name}", {lists})
'''
_LISTS = {
    "store": "handles=(on(store.Put, nothing),), publishes=(store.Stored,)",
    "dock": "sends=(store.Put,)",
    "board": "subscribes=(on(store.Stored, nothing),)",
}


class Depot(Console):
    """The command line in this project."""

    @property
    def page(self) -> Path:
        return self.root / "contracts/store/v1.py"

    @property
    def lock(self) -> Path:
        return self.root / "contracts/store/v1.lock.json"

    def edit(self, old: str, new: str) -> None:
        text = self.page.read_text()
        assert old in text, old
        self.page.write_text(text.replace(old, new))

    def git(self, *words: str) -> str:
        return subprocess.run(
            [
                "git",
                "-C",
                str(self.root),
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.com",
                *words,
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=one")
        return self.git("rev-parse", "HEAD").strip()

    def findings(self, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
        ended: Ended = self("contracts", "check", "--json", *options)
        assert ended.out, ended.err
        return ended.code, {
            f"{each['rule']} {each['contract']}": each for each in ended.json["findings"]
        }


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    """The project as it was released: locked and committed."""
    root = tmp_path / "depot"
    for name, lists in _LISTS.items():
        _write(root / f"modules/{name}/module.py", _FRONT.format(name=name, lists=lists))
        _write(root / f"modules/{name}/__init__.py", "")
    _write(root / "modules/__init__.py", "")
    _write(root / "contracts/__init__.py", "")
    _write(root / "contracts/store/__init__.py", "")
    _write(root / "contracts/store/v1.py", STORE)
    _write(root / "config/amphibus.toml", '[producers.scanner]\nsends = ["store.Put.v1"]\n')
    _write(root / ".gitignore", "__pycache__\n")
    found = Depot(root)
    found.environment["PYTHONDONTWRITEBYTECODE"] = "1"
    assert found("check", "--fix").code == 0
    found.git("init", "--quiet", "--initial-branch=main")
    found.commit()
    return found


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
