"""`amphibus version`: the versions of Amphibus, Python and the libraries."""

import platform
import sqlite3
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Final

from amphibus import __version__
from amphibus.cli.options import AsJson
from amphibus.cli.output import show_columns, show_json

_PARTS: Final = ("pydantic", "sqlalchemy", "sqlmodel", "starlette", "uvicorn")


def version(*, as_json: AsJson = False) -> None:
    """Show the versions of Amphibus, Python and the libraries.

    Example: amphibus version --json
    """
    found = {
        "amphibus": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: _installed(name) for name in _PARTS},
    }
    if as_json:
        show_json(found)
    else:
        show_columns(("PART", "VERSION"), found.items())


def _installed(name: str) -> str:
    try:
        return installed(name)
    except PackageNotFoundError:
        return "not installed"
