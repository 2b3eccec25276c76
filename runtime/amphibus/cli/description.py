"""The description of a command: its docstring, with the examples in it."""

import inspect
import re
from importlib import import_module
from typing import Final

_SECTION: Final = re.compile(r"^(?:Args|Raises|Returns):$", re.MULTILINE)
_WITHIN: Final = re.compile(r"(?<=\S)\n(?!Example: |[a-z]+: |[ \n-])")
"""The end of a line inside a paragraph; examples, lists and what is indented keep theirs."""


def described(target: str) -> str:
    """Returns the description of a command, each paragraph as one line, as people's terminals differ in width."""
    module, _, function = target.partition(":")
    said = inspect.getdoc(getattr(import_module(f"amphibus.cli.{module}"), function)) or ""
    return _WITHIN.sub(" ", _SECTION.split(said)[0].strip())
