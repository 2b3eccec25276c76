"""What the tests need of the machine: found, else installed with apt when we may."""

import os
import shutil
import subprocess
from collections.abc import Callable
from typing import NoReturn, TypeVar

import pytest

Found = TypeVar("Found")


def installed(find: Callable[[], Found | None], package: str, otherwise: str = "") -> Found:
    """What is found, after the package was installed if need be and if we may.

    Skips the test if it cannot be had, except under CI, where a test that did not run is a failure.

    Args:
        find: looks for it.
        package: Debian's name of what brings it.
        otherwise: what else a person could do, for the message.
    """
    found = find()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        # Servers would start at once, which nobody asked for.
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for command in ("update", f"install -y --no-install-recommends {package}"):
            subprocess.run(["apt-get", "-qq", *command.split()], env=environment, check=False)
        found = find()
    if found is None:
        unavailable(f"{package} is not installed; type: sudo apt-get install {package}{otherwise}")
    return found


def program(name: str, package: str | None = None) -> str:
    """The path of a program, whose package is called like it if no other is named."""
    return installed(lambda: shutil.which(name), package or name)


def unavailable(why: str) -> NoReturn:
    """Ends a test that cannot run here: as a skip, under CI as a failure."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
