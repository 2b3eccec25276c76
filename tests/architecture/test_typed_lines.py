"""Every command and option that a text of the runtime names exists: what people are told to type is understood."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App, CycloptsError, UnknownCommandError, UnknownOptionError

from amphibus.cli.commands import COMMANDS
from amphibus.cli.main import application
from tests.architecture.tree import ROOT

RUNTIME = ROOT / "runtime/amphibus"
FOLDERS = {path.parent for top in (RUNTIME, ROOT / "demo") for path in top.rglob("*.py")}
_END = re.compile(r"[,;:](?= |$)|\)|`|\.(?= |$)| -->|(?= > )|(?=  )")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+)")
# Programs of others, whose options are theirs.
_OF_OTHERS = re.compile(r"pg_dump|pg_restore|psql|postgres|python|docker|pip|rabbitmq(?!_)")


def texts(path: Path) -> Iterator[tuple[int, str, bool]]:
    """The texts of a file with their lines, expressions in them as `1`, and whether each is a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {
        id(part)
        for each in ast.walk(tree)
        if isinstance(each, ast.JoinedStr)
        for part in ast.walk(each)
        if part is not each
    }
    said = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for each in ast.walk(tree):
        if id(each) in parts:
            continue
        if isinstance(each, ast.JoinedStr):
            yield each.lineno, "".join(map(_part, each.values)), False
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.lineno, each.value, id(each) in said


def _part(value: ast.expr) -> str:
    return str(value.value) if isinstance(value, ast.Constant) else "1"


def command_lines(text: str) -> Iterator[str]:
    """The command lines in a text, without what surrounds them."""
    for found in re.finditer(r"(?<![\w./-])amphibus ((?:[a-z]|--)[^\n]*?)(?=&& |\n|$)", text):
        line = _END.split(found[1])[0].strip()
        if not line.startswith("producer"):  # the name of a connection
            yield re.split(r" (?:shows|lists|makes|if|in|without|here|has|leaves) ", line)[0]


def mistake(app: App, line: str, *, whole: bool) -> str:
    """What is wrong with a command line; a part of one may lack something, but names nothing unknown."""
    try:
        app.parse_args(shlex.split(line), print_error=False, exit_on_error=False)
    except (UnknownCommandError, UnknownOptionError) as error:
        return str(error)
    except CycloptsError as error:
        return str(error) if whole else ""
    return ""


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_every_command_that_a_text_names_is_understood(folder: Path) -> None:
    app = application()
    first = {name for name, *_ in COMMANDS}
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: amphibus {typed}: {said}"
        for path in sorted(folder.glob("*.py"))
        for line, text, docstring in texts(path)
        for typed in command_lines(text)
        if (said := mistake(app, typed, whole=not docstring and typed.split()[0] in first))
    ]
    assert wrong == []


def test_every_option_that_a_text_names_is_one_of_some_command() -> None:
    known = _options(application())
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {option}"
        for path in sorted(RUNTIME.rglob("*.py"))
        for line, text, _ in texts(path)
        if " " in text and not _OF_OTHERS.search(text)
        for option in _OPTION.findall(text)
        if option not in known
    ]
    assert wrong == []


def _options(app: App) -> set[str]:
    found = {"--help", "--version", "--outage", "--month", "--seed", "--orders"}
    for name in app:
        if not name.startswith("-"):
            sub = app[name]
            found |= _options(sub)
            if sub.default_command is not None:
                found |= {
                    name for each in sub.assemble_argument_collection() for name in each.names
                }
    return found
