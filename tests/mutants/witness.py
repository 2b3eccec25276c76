"""A pytest plugin that ends the run if what it tests is not the copy with the defect."""

import importlib
import os
from pathlib import Path

import pytest

_NOT_THE_COPY = 99


def pytest_sessionstart() -> None:
    """An editable install points at the original; here the copy must win."""
    copy = Path(os.environ["AMPHIBUS_MUTANT"])
    for name in ("amphibus", "contracts", "modules", "tests"):
        found = importlib.import_module(name).__file__
        if found is None or not Path(found).is_relative_to(copy):
            pytest.exit(f"{name} is imported from {found}", returncode=_NOT_THE_COPY)
