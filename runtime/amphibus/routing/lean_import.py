"""Libraries that look for others as they are imported, loaded without those.

What they look for would take a process a tenth of its start and 10 MB, and serve nothing here: markers of
dependencies in handlers of web frameworks, and tracebacks in colour.
"""

import contextlib
import importlib
import sys
from typing import Any, Final, cast

_LOOKED_FOR: Final = {
    "dependency_injector.wiring": ("fastapi", "fast_depends", "starlette", "werkzeug"),
    "structlog": ("rich",),
}


def import_lean() -> None:
    """Imports them; those that are loaded already stay as they are, and so does what a program loaded before."""
    modules = cast(dict[str, Any], sys.modules)
    for library, others in _LOOKED_FOR.items():
        if library in modules:
            continue
        hidden = [each for each in others if each not in modules]
        modules.update(dict.fromkeys(hidden))  # the way to say that they are not there
        try:
            with contextlib.suppress(ImportError):
                importlib.import_module(library)
        finally:
            for each in hidden:
                del modules[each]
