"""Each promise of `docs/guarantees.md` names what holds it, and the tests that it names are there."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

_PROMISE = re.compile(r"^\| (\d+) \| \*\*(.*?)\*\*.*\| ([^|]+) \|$", re.MULTILINE)
_NAMED = re.compile(r"`([^`]+)`")
_WHOLLY_LONG = re.compile(r"^pytestmark = .*mark\.full", re.MULTILINE)
PROMISES = _PROMISE.findall((ROOT / "docs/guarantees.md").read_text())


def test_there_are_ten() -> None:
    assert [int(number) for number, _, _ in PROMISES] == list(range(1, 11))


@pytest.mark.parametrize(("promise", "named"), [each[1:] for each in PROMISES])
def test_a_promise_names_tests_that_are_there(promise: str, named: str) -> None:
    """And one of them is in the default run."""
    tests = [name.partition("::") for name in _NAMED.findall(named)]
    paths = {file: ROOT / "tests" / file for file, _, _ in tests}

    assert tests != [], promise
    assert [file for file, path in paths.items() if not path.is_file()] == []
    assert [
        test for file, _, test in tests if test and f"def {test}(" not in _text(paths[file])
    ] == []
    assert not all(_WHOLLY_LONG.search(_text(path)) for path in paths.values())


def test_paths_of_the_page_are_there() -> None:
    """Of tests and of the runtime's files, as they are written in the text."""
    page = (ROOT / "docs/guarantees.md").read_text()
    files = re.findall(r"`((?:tests/)?[a-z_/]+\.(?:py|md))(?:::\w+)?`", page)

    assert [file for file in files if not _somewhere(file)] == []


def _text(path: Path) -> str:
    return path.read_text()


def _somewhere(file: str) -> bool:
    return any((ROOT / folder / file).is_file() for folder in ("", "tests", "runtime/amphibus"))
