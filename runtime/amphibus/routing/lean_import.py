"""Libraries that look for others as they are imported, loaded without those.

What they look for would take a process a tenth of its start and 10 MB, and serve nothing here: FastAPI's
markers of dependencies in handlers, and tracebacks in colour.
"""

import contextlib
import importlib
import sys
from typing import Any, Final, cast

_LOOKED_FOR: Final = {"dependency_injector.wiring": "fastapi", "structlog": "rich"}


def import_lean() -> None:
    """Imports them; those that are loaded already stay as they are, and so does what a program loaded before."""
    modules = cast(dict[str, Any], sys.modules)
    for library, other in _LOOKED_FOR.items():
        if library in modules or other in modules:
            continue
        modules[other] = None  # the way to say that it is not there
        try:
            with contextlib.suppress(ImportError):
                importlib.import_module(library)
        finally:
            del modules[other]
