"""The names that are typed: how they are written, and which are taken by Python, SQL, Pydantic or the runtime."""

import builtins
import keyword
import re
from typing import Final

from amphibus.cli.output import CommandError, Exit

_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PASCAL: Final = re.compile(r"([A-Z][a-z0-9]+)+")
_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")
_LONGEST: Final = 40
"""A name is a part of longer ones: of tables, of queues, of tests."""
_LONGEST_APP: Final = 31
_RUNTIME: Final = frozenset(
    {"gateway", "amphibus", "contracts", "modules", "tests", "demo", "public"}
)

_INSTALLED: Final = frozenset({"amphibus", "hatchling", "import_linter", "mypy", "pytest", "ruff"})
"""A project that is called like a package that it needs would need itself."""


def words(name: str) -> list[str]:
    """The words of a name in whatever style, in small letters."""
    return [each.lower() for each in _WORDS.findall(name)]


def snake(name: str) -> str:
    """The name in snake_case."""
    return "_".join(words(name))


def pascal(name: str) -> str:
    """The name in PascalCase."""
    return "".join(each.capitalize() for each in words(name))


def singular(name: str) -> str:
    """One of what a module is called after: `orders` keeps an `order`."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us", "is")) else name


def checked_project(name: str) -> str:
    """The name of a project: of its folder, of its package, and of what it has at a broker.

    Raises:
        CommandError: it is not snake_case or kebab-case, or taken.
    """
    bare = name.replace("-", "_")
    if len(name) > _LONGEST_APP:
        raise CommandError(
            f"'{name}' cannot be the name of a project",
            f"it has {len(name)} characters, and may have {_LONGEST_APP}: names at a broker begin with it",
            "choose a shorter one",
            Exit.USAGE,
        )
    if _SNAKE.fullmatch(bare) is None:
        raise _misspelt("project", name, name, snake(name), "snake_case")
    if keyword.iskeyword(bare) or bare in _INSTALLED:
        raise _taken("project", name, name, "Python or a package", f"{name}_app")
    return name


def checked_module(name: str) -> str:
    """The name of a module.

    Raises:
        CommandError: it is not snake_case, or taken.
    """
    _styled(name, name, "module", snake(name))
    _free(name, name, "module", f"{name}_desk")
    if name in _RUNTIME or hasattr(builtins, name):
        raise _taken("module", name, name, "Amphibus or Python", f"{name}_desk")
    return name


def checked_field(name: str, typed: str, module: str) -> None:
    """Checks the name of a field.

    Raises:
        CommandError: it is not snake_case, or taken.
    """
    rest = typed[len(name) :]
    better = f"{singular(module)}_{name}"
    _styled(name, typed, "field", f"{snake(name)}{rest}")
    _free(name, typed, "field", f"{better}{rest}")
    if name.startswith("model_") or name in _attributes():
        raise _taken("field", name, typed, "Pydantic", f"{better}{rest}")


def checked_contract(name: str, typed: str, module: str) -> None:
    """Checks the name of a message.

    Raises:
        CommandError: it is not PascalCase, or its handler could not be called after it.
    """
    if len(name) > _LONGEST or _PASCAL.fullmatch(name) is None:
        raise _misspelt("message", name, typed, f"{module}.{pascal(name)}", "PascalCase")
    checked_function(snake(name), typed, f"{module}.{name}{pascal(singular(module))}")


def checked_function(name: str, typed: str, better: str) -> None:
    """Checks the name of a function.

    Raises:
        CommandError: it is not snake_case, or taken by Python.
    """
    _styled(name, typed, "handler", f"{typed.partition('.')[0]}.{snake(name)}")
    if keyword.iskeyword(name) or hasattr(builtins, name):
        raise _taken("handler", name, typed, "Python", better)


def table_name(name: str) -> str:
    """The name of a table for something, beside the words of SQL."""
    return f"{name}_record" if name in _sql() else name


def split(typed: str, kind: str, example: str) -> tuple[str, str]:
    """The two parts of `shipping.Ship`.

    Raises:
        CommandError: there are not two.
    """
    module, dot, name = typed.partition(".")
    if not (dot and module and name) or "." in name:
        raise CommandError(
            f"'{typed}' does not say which module the {kind} belongs to",
            f"a {kind} is called by its module and its own name, such as shipping.{example}",
            "amphibus add --help",
            Exit.USAGE,
        )
    return module, name


def _styled(name: str, typed: str, what: str, better: str) -> None:
    if len(name) > _LONGEST or _SNAKE.fullmatch(name) is None:
        raise _misspelt(what, name, typed, better, "snake_case")


def _misspelt(what: str, name: str, typed: str, better: str, style: str) -> CommandError:
    long = f"has {len(name)} characters, and may have {_LONGEST}"
    why = long if len(name) > _LONGEST else f"a {what} is written in {style}, in ASCII letters"
    usable = len(name) <= _LONGEST and re.search("[A-Za-z]", name) and better != typed
    return CommandError(
        f"'{name}' cannot be the name of a {what}",
        why,
        "choose a shorter one" if len(name) > _LONGEST else f"choose another name in {style}",
        Exit.USAGE,
        change={typed: better} if usable else {},
    )


def _free(name: str, typed: str, what: str, better: str) -> None:
    if keyword.iskeyword(name):
        raise _taken(what, name, typed, "Python", better)
    if name in _sql():
        raise _taken(what, name, typed, "SQL", better)


def _taken(what: str, name: str, typed: str, by: str, better: str) -> CommandError:
    return CommandError(
        f"'{name}' cannot be the name of a {what}",
        f"it is reserved by {by}",
        "choose another name",
        Exit.USAGE,
        change={typed: better},
    )


def _sql() -> set[str]:
    """The words that the two databases would have to quote."""
    from sqlalchemy.dialects import postgresql, sqlite

    dialects = (sqlite.dialect(), postgresql.dialect())  # type: ignore[no-untyped-call]
    return {word for each in dialects for word in each.identifier_preparer.reserved_words}


def _attributes() -> set[str]:
    """The attributes that messages and tables have already."""
    from sqlmodel import SQLModel

    from amphibus.contract import Message

    return {*dir(Message), *dir(SQLModel), "metadata", "registry"}
