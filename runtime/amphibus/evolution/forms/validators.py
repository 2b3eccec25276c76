"""The fingerprint of a validator: what its code says, so that a change is seen that no schema shows."""

import ast
import functools
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import CodeType
from typing import Any, Final

_PLAIN: Final = (str, int, float, bool, bytes, Decimal, tuple, frozenset, type(None))
_DEEPEST: Final = 3
_HEX: Final = 12
_LIBRARIES: Final = ("amphibus.", "pydantic.", "pydantic_core.")
_WITH_WHAT_IS_EMPTY: Final[dict[str, Any]] = (
    {"show_empty": True} if sys.version_info >= (3, 13) else {}
)


def fingerprint(function: Callable[..., Any]) -> str:
    """Returns the name of a validator with a digest of its code; of a library's, the name alone.

    The digest covers the functions and the plain values of its own file that it uses. It does not change with the
    layout or the comments of the code, and is the same under every version of Python.
    """
    bare = _bare(function)
    name = getattr(bare, "__qualname__", type(bare).__qualname__)
    if is_of_a_library(bare) or not inspect.isfunction(bare):
        return f"{_module(bare)}.{name}"
    said = "\n".join(_said_by(bare, 0))
    return f"{name}:{hashlib.sha256(said.encode()).hexdigest()[:_HEX]}"


def is_of_a_library(function: Any) -> bool:
    """Returns whether a function is no code of the project: it changes with the library alone."""
    return f"{_module(_bare(function))}.".startswith(_LIBRARIES)


def _module(bare: Any) -> str:
    return getattr(bare, "__module__", "") or ""


def _bare(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__func__", function)


def _said_by(function: Any, depth: int) -> Iterator[str]:
    yield _code_of(function)
    for name in sorted(set(_names_in(function.__code__))):
        used = function.__globals__.get(name)
        if inspect.isfunction(used) and used.__module__ == function.__module__ and depth < _DEEPEST:
            yield from _said_by(used, depth + 1)
        elif isinstance(used, _PLAIN) and not name.startswith("__"):
            yield f"{name}={used!r}"
        elif hasattr(used, "pattern"):
            yield f"{name}={used.pattern!r}"


def _code_of(function: Any) -> str:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return repr((function.__code__.co_code, function.__code__.co_consts))
    return _dump(tree)


def _dump(tree: ast.AST) -> str:
    """Returns a tree in the words of Python 3.11: later versions have fields more, and leave out what is empty."""
    for node in ast.walk(tree):
        if getattr(node, "type_params", None) == []:
            del node.type_params  # type: ignore[attr-defined]
    return ast.dump(tree, **_WITH_WHAT_IS_EMPTY)


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names_in(each)
