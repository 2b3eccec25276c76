"""The README and the pages that go on from it, as blocks, and a copy of the project in which people type them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MANUAL = "\n".join(
    (
        README,
        *(
            (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
            for page in ("tutorial", "http", "configuration", "speed")
        ),
    )
)
"""What a new user reads and types, in this order."""
KEPT = (
    *("config", "contracts", "demo", "examples", "modules", "runtime", "tests"),
    *(
        "pyproject.toml",
        "uv.lock",
        "requirements.lock",
        "ARCHITECTURE.md",
        "run",
        "test",
        "setup.sh",
        "setup_pip.py",
    ),
)
# What differs from one run to the next.
_VARIABLE = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+Z", "TIME"),
    (r"\(\d+ files? in [^)]*\)", "(FILES)"),
    (r"[\d.]+ m?s\b", "DURATION"),
    (r"\d+ orders/s", "SPEED"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
)


@dataclass(frozen=True)
class Block:
    """A fenced block: what is written behind its fence, and where it begins."""

    words: tuple[str, ...]
    text: str
    line: int

    @property
    def path(self) -> str:
        """The file that a Python block is."""
        return self.text.partition("\n")[0].removeprefix("# ")


def blocks(kind: str, page: str = MANUAL) -> list[Block]:
    """All blocks of a kind on a page, in their order."""
    found = re.finditer(rf"^```((?:{kind})\b.*)\n((?s:.*?))^```$", page, re.MULTILINE)
    return [
        Block(tuple(each[1].split()), each[2], page.count("\n", 0, each.start()) + 1)
        for each in found
    ]


class Checkout:
    """A copy of the project in which people type."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = _free_port()
        self.shop: subprocess.Popen[str] | None = None
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AMPHIBUS_", "PYTEST_"))
        }
        self.environment |= {"AMPHIBUS_PORT": str(self.port), "PYTHONPATH": str(root / "runtime")}
        self._copy()

    def _copy(self) -> None:
        ignored = shutil.ignore_patterns("__pycache__")
        for name in KEPT:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.root / name, ignore=ignored)
            else:
                shutil.copy(ROOT / name, self.root / name)
        self._borrow_environment()

    def _borrow_environment(self) -> None:
        """An environment that is ready already, so that nothing needs to be installed."""
        tools = self.root / ".venv/bin"
        tools.mkdir(parents=True)
        for name, command in (("python", ""), ("amphibus", "-m amphibus.cli")):
            tool = tools / name
            tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
            tool.chmod(0o755)
        stamp = '. ./setup.sh; fingerprint "$ROOT/.venv" >.venv/amphibus-stamp 2>&1'
        subprocess.run(["sh", "-c", stamp, "./run"], cwd=self.root, check=True)

    def write(self, block: Block) -> None:
        """Writes the file that a block is."""
        path = self.root / block.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text.partition("\n")[2], encoding="utf-8")

    def type(self, command: str) -> tuple[int, str]:
        """Runs a command line; its exit code and all that it printed."""
        command = command.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        ended = subprocess.run(
            ["sh", "-c", command],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        return ended.returncode, ended.stdout

    def open_shop(self, until: str) -> str:
        """Types `./run`; returns what it prints, up to the line that is waited for."""
        self.close_shop()
        self.shop = subprocess.Popen(
            ["./run"], cwd=self.root, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        assert self.shop.stdout is not None
        printed = ""
        for line in self.shop.stdout:
            printed += line
            if general(line) == general(until):
                return printed
        raise AssertionError(f"./run ended with {self.shop.wait()}:\n{printed}")

    def begin_anew(self) -> None:
        """As after a fresh clone: a shop that nobody has ordered in."""
        self.close_shop()
        shutil.rmtree(self.root / "var", ignore_errors=True)
        self.open_shop("  API      http://127.0.0.1:8000")

    def close_shop(self) -> None:
        """Presses Ctrl-C."""
        if self.shop is not None:
            self.shop.send_signal(signal.SIGINT)
            assert self.shop.wait(20) == 0
            assert self.shop.stdout is not None
            self.shop.stdout.close()
            self.shop = None


def type_in(block: Block, checkout: Checkout) -> None:
    """Types the commands of a block; every line shown must be printed, in whatever order."""
    code = next((int(word[5:]) for word in block.words if word.startswith("exit=")), 0)
    for command, shown in _commands(block):
        if command == "./run":
            ended, printed = 0, checkout.open_shop(shown[-1])
        else:
            ended, printed = _answered(command, shown, checkout)
        where = f"line {block.line} of the manual: {command}"
        assert _missing(shown, printed) == [], f"{where}\nprinted\n{printed}"
        assert ended == code, f"{where}\nprinted\n{printed}"


def _answered(command: str, shown: list[str], checkout: Checkout) -> tuple[int, str]:
    """A question is asked again for a while, as what it asks for may be on its way."""
    ends = time.monotonic() + 20
    while True:
        ended, printed = checkout.type(command)
        asks = command.startswith("./run ask")
        if not asks or not _missing(shown, printed) or time.monotonic() > ends:
            return ended, printed


def _commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        yield command.partition("    #")[0], [line for line in shown if line.strip()]


def _missing(shown: list[str], printed: str) -> list[str]:
    lines = {general(line) for line in printed.split("\n")}
    return [line for line in shown if general(line) not in lines]


def general(line: str) -> str:
    for pattern, name in _VARIABLE:
        line = re.sub(pattern, name, line)
    return " ".join(line.split())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_tool(checkout: Checkout, name: str, *arguments: str) -> tuple[int, str]:
    ended = subprocess.run(
        [Path(sys.executable).with_name(name), *arguments],
        cwd=checkout.root,
        env=checkout.environment | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout
