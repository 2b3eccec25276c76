"""The door of the command line: it opens without the packages of any extra, and names the one that is missing."""

import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires
from typing import Final

from amphibus.cli.output import CommandError, Exit, show_error

_OTHER_NAMES: Final = {"jwt": "pyjwt"}
"""Packages that are imported by another name than they are installed by."""
_EXTRAS: Final = ("server", "rabbitmq", "postgresql", "producer", "testing")
"""The extras, the ones first that people think of first."""


def main() -> None:
    """Runs the console script `amphibus`."""
    sys.exit(_enter(sys.argv[1:]))


def run() -> None:
    """Runs the console script `run`, which is `amphibus run`."""
    sys.exit(_enter(["run", *sys.argv[1:]]))


def _enter(typed: Sequence[str]) -> int:
    try:
        from amphibus.cli.main import execute

        return execute(typed)
    except ModuleNotFoundError as error:
        lacking = missing_package(error.name or "")
        if lacking is None:
            raise
        show_error(lacking)
        return Exit.FAILED


def missing_package(imported: str) -> CommandError | None:
    """The error for a package that an extra would have brought; None if none would have."""
    top = imported.partition(".")[0]
    package = _OTHER_NAMES.get(top, top).replace("_", "-").lower()
    extra = next((each for each in _EXTRAS if package in _brought_by(each)), None)
    if extra is None:
        return None
    from amphibus.cli.new.wheel import own_wheel

    return CommandError(
        f"the package {package} is not installed",
        f"the extra '{extra}' brings it",
        f"pip install '{own_wheel() or 'amphibus'}[{extra}]'",
    )


def _brought_by(extra: str) -> Iterator[str]:
    try:
        declared = requires("amphibus") or []
    except PackageNotFoundError:
        return
    for each in declared:
        if re.search(rf"extra == ['\"]{extra}['\"]", each):
            yield re.split(r"[^\w.-]", each, maxsplit=1)[0].lower()
