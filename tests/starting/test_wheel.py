"""The wheel stands alone: installed into an empty environment, it begins a system, runs it and tests it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.readme import blocks
from tests.architecture.tree import ROOT
from tests.services.installing import unavailable
from tests.starting.test_new import START

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]

_NO_INDEX = re.compile(r"No matching distribution|ConnectionError|NewConnectionError|Max retries")


@dataclass(frozen=True)
class Alone:
    """An empty folder, and an environment that has the wheel and what that declares."""

    folder: Path
    environment: Path

    def type(self, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=self.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )

    def variables(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AMPHIBUS_", "PYTEST_", "PYTHON", "VIRTUAL_ENV"))
        }
        path = f"{self.environment / 'bin'}{os.pathsep}{kept['PATH']}"
        return kept | {"PATH": path, "COLUMNS": "200"}

    def install(self, what: str, folder: Path, *more: str) -> None:
        pip = [sys.executable, "-m", "pip", "-q", "--python", str(self.environment / "bin/python")]
        ended = subprocess.run(
            [*pip, "install", *more, what], cwd=folder, capture_output=True, text=True, check=False
        )
        if _NO_INDEX.search(ended.stderr):
            unavailable(f"no package index answers: {ended.stderr.strip().splitlines()[-1]}")
        assert ended.returncode == 0, ended.stderr


@pytest.fixture
def alone(tmp_path: Path) -> Alone:
    made = Alone(tmp_path / "empty", tmp_path / "venv")
    made.folder.mkdir()
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT / "runtime", check=True, capture_output=True)
    without_pip = [sys.executable, "-m", "venv", "--without-pip", str(made.environment)]
    subprocess.run(without_pip, check=True)
    (wheel,) = tmp_path.glob("amphibus-*.whl")
    made.install(f"{wheel}[server]", made.folder)
    return made


def test_who_has_the_wheel_alone_begins_a_system_and_tests_it(alone: Alone) -> None:
    """All that the tutorial tells to type, in its order."""
    assert "amphibus new NAME" in alone.type("amphibus run", alone.folder).stdout
    commands = [each for block in blocks("console", START) for each in _lines(block.text)]
    assert commands[0][0].startswith("amphibus new ")
    _type(alone, alone.folder, *commands.pop(0))
    library = alone.folder / "library"
    assert list(library.glob("wheels/amphibus-*.whl"))
    _names_what_is_missing(alone, library)

    running = _started(alone, library)
    try:
        for command, shown in commands:
            _type(alone, library, command, shown)
    finally:
        running.send_signal(signal.SIGINT)
        ended = running.communicate(timeout=60)
        assert running.returncode == 0, ended

    alone.install(".[dev]", library, "--find-links", "wheels", "--editable")
    tested = alone.type("./test", library)
    assert tested.returncode == 0, tested.stdout


def _names_what_is_missing(alone: Alone, library: Path) -> None:
    ended = alone.type("amphibus run --db postgresql://nobody@127.0.0.1:1/nothing", library)

    assert ended.returncode == 1
    assert "the package asyncpg is not installed" in ended.stdout, ended.stdout
    assert ".whl[postgresql]'" in ended.stdout


def _started(alone: Alone, library: Path) -> subprocess.Popen[str]:
    """`amphibus run`, which the next commands find by the settings that hold for all of them."""
    settings = library / "config/amphibus.toml"
    settings.write_text(f"{settings.read_text()}port = {_free_port()}\n")
    running = subprocess.Popen(
        ["amphibus", "run"], cwd=library, env=alone.variables(), stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    printed = ""
    for line in running.stdout:
        printed += line
        if line.startswith("  Try"):
            assert "demo" not in line
            return running
    running.communicate()
    raise AssertionError(printed)


def _type(alone: Alone, folder: Path, command: str, shown: list[str]) -> None:
    """A question is asked again for a while, as what it asks for may be on its way."""
    ends = time.monotonic() + 60
    while True:
        ended = alone.type(command, folder)
        missing = [line for line in shown if line.strip() not in ended.stdout]
        asks = command.startswith("amphibus ask") and time.monotonic() < ends
        if not (missing and asks):
            break
    assert (ended.returncode, missing) == (0, []), f"{command}\n{ended.stdout}"


def _lines(text: str) -> Iterator[tuple[str, list[str]]]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        yield command, shown


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
