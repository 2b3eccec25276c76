"""Programs of the tests that run on Node, installed as their locks say."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.services import installing


def installed(program: Path, folder: Path) -> Path:
    """Copies a program into a folder and installs what it needs; what is missing is said.

    npm takes the registry from whoever runs it; the hashes in the lock say whether it was the right file.
    """
    installing.program("node", "nodejs")
    installing.program("npm")
    copy = folder / "program"
    shutil.copytree(program, copy, ignore=shutil.ignore_patterns("node_modules"))
    outcome = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        installing.unavailable(f"npm could not install it: {outcome.stderr.strip()[-200:]}")
    return copy


def names_no_host(program: Path) -> bool:
    """Whether the lock has hashes and no addresses."""
    lock = json.loads((program / "package-lock.json").read_text())
    packages = [each for name, each in lock["packages"].items() if name]
    return bool(packages) and all("resolved" not in each and each["integrity"] for each in packages)
