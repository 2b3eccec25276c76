"""The locks of a new project, written by `amphibus check --fix` as later by whoever changes it."""

import os
import subprocess
import sys
from pathlib import Path

from amphibus.cli.output import CommandError


def write_locks(root: Path, name: str) -> None:
    """Checks a project in a process of its own, so that it is loaded as it will be.

    Raises:
        CommandError: it is not as it should be, which is a defect of the templates.
    """
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AMPHIBUS_")}
    command = [sys.executable, "-B", "-m", "amphibus.cli", "check", "--fix"]
    ended = subprocess.run(
        command,
        cwd=root,
        env=clean | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise CommandError(
            f"{name} does not pass its own check: {ended.stdout.strip()} {ended.stderr.strip()}",
            "the templates of this Amphibus are broken; nothing was written",
            "amphibus version",
        )
