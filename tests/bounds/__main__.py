"""Runs the quick tests with the lowest and with the newest versions that the runtime allows.

python -m tests.bounds [lowest] [newest] [ARGUMENTS for pytest]
"""
# ruff: noqa: T201 - a command prints

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
RESOLUTIONS: Final = {"lowest": "lowest-direct", "newest": "highest"}
QUICK: Final = ("tests/contracts", "tests/runtime", "tests/gateway", "tests/database")
"""What needs neither a broker nor a process of its own for most of its tests."""
_TOOLS: Final = (
    *("aiosmtplib", "hypothesis", "import-linter", "jsonschema", "openapi-spec-validator"),
    *("pytest-timeout", "pytest-xdist", "rfc3339-validator"),
)
"""What these tests need besides, in any version that fits."""
_INDEXES: Final = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")


def main(typed: Sequence[str]) -> int:
    """Tests one end, or both; returns 1 if one of them failed."""
    ends = [each for each in typed if each in RESOLUTIONS] or [*RESOLUTIONS]
    arguments = [each for each in typed if each not in RESOLUTIONS] or [*QUICK]
    uv = shutil.which("uv")
    if uv is None:
        print("error  uv is not found\n  why  pip cannot resolve the lowest versions")
        print("  fix  pip install uv", flush=True)
        return 1
    failed = [end for end in ends if not _passes(uv, end, arguments)]
    for end in ends:
        print(f"{'FAILED' if end in failed else 'ok    '}  {end}")
    return 1 if failed else 0


def _passes(uv: str, end: str, arguments: Sequence[str]) -> bool:
    environment = ROOT / f".venv-{end}"
    with tempfile.NamedTemporaryFile(suffix=".txt") as pins:
        _uv(uv, "pip", "compile", "-q", "runtime/pyproject.toml", "--all-extras",
            "--resolution", RESOLUTIONS[end], "--no-emit-package", "amphibus", "--output-file", pins.name)  # fmt: skip
        _uv(uv, "venv", "-q", "--clear", "--python", sys.executable, str(environment))
        into = ("pip", "install", "-q", "--python", str(environment))
        _uv(uv, *into, "--requirement", pins.name, "--no-deps", "--editable", "runtime")
        _uv(uv, *into, "--constraint", pins.name, *_TOOLS)
    print(f"== {end}", flush=True)
    python = str(environment / "bin/python")
    ran = subprocess.run([python, "-m", "pytest", "-q", *arguments], cwd=ROOT, check=False)
    return ran.returncode == 0


def _uv(uv: str, *words: str) -> None:
    variables = {name: value for name, value in os.environ.items() if name not in _INDEXES}
    subprocess.run([uv, "--no-config", *words], cwd=ROOT, env=variables, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
