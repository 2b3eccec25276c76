"""What a file may be called, how long it may be, and what may not stand in it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT, SHIPPED, place, python_files

MOST_LINES = 300
UNDIVIDED = {
    # A version of a module's contracts is one file, as the file is part of their names.
    "contracts/orders/v1.py",
    "runtime/amphibus/messages/contracts/amphibus/v1.py",
}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "impl", "core"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplemented|NotImplementedError)\b")


def test_no_file_is_longer_than_a_reader_can_hold_in_mind() -> None:
    """A file that grows past this has two subjects; each deserves a name."""
    lengths = {place(path): len(path.read_text().splitlines()) for path in _all_files()}

    assert {where for where, lines in lengths.items() if lines > MOST_LINES} <= UNDIVIDED


def test_no_file_has_a_name_that_says_nothing() -> None:
    """What has no subject collects everything."""
    vague = [
        place(path)
        for path in _all_files()
        if VAGUE & {*path.stem.split("_"), *path.parent.name.split("_")}
    ]

    assert vague == []


def test_shipped_code_is_finished() -> None:
    """A note about what is missing belongs into an issue, and a hole is worse than nothing."""
    scripts = [ROOT / name for name in ("run", "test", "setup.sh")]
    unfinished = [
        f"{place(path)}:{number}: {line.strip()}"
        for path in [*python_files(*SHIPPED), *scripts]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if UNFINISHED.search(line)
    ]

    assert unfinished == []


def test_every_folder_with_code_is_a_package() -> None:
    """Without `__init__.py` an installed package may shadow it, and no import rule sees it."""
    missing = {
        place(path.parent)
        for path in python_files(*SHIPPED, "tests")
        if not (path.parent / "__init__.py").is_file()
    }

    assert missing == set()


def test_no_test_sleeps_and_hopes() -> None:
    """It is too long on one machine and too short on another.

    Ask again in a loop, or wait for an event.
    """
    hopeful = [
        f"{place(path)}:{line}"
        for path in python_files("tests")
        for line in _sleeps_outside_loops(ast.parse(path.read_text()), looping=False)
    ]

    assert hopeful == []


def test_no_test_is_ended_before_all_others() -> None:
    """The one timeout ends what hangs. A shorter one of a test fails on a machine that is slow."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    every = settings["tool"]["pytest"]["ini_options"]["timeout"]
    shorter = [
        f"{place(path)}: {seconds}"
        for path in python_files("tests")
        for seconds in re.findall(r"mark\.timeout\((\d[\d_]*)\)", path.read_text())
        if int(seconds) <= every
    ]

    assert shorter == []


def _all_files() -> Iterator[Path]:
    yield from python_files(*SHIPPED, "tests")


def _sleeps_outside_loops(node: ast.AST, *, looping: bool) -> Iterator[int]:
    if isinstance(node, ast.Call) and _is_sleep(node) and not looping:
        yield node.lineno
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        looping = False
    for child in ast.iter_child_nodes(node):
        yield from _sleeps_outside_loops(child, looping=looping or isinstance(node, ast.While))


def _is_sleep(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    gives_way = (
        bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0
    )
    return name == "sleep" and not gives_way
