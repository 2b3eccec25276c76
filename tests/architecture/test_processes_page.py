"""The worked example of docs/processes.md is typed in, in a copy of the project, and does what it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.readme import Block, Checkout, blocks, run_tool, type_in
from tests.architecture.tree import ROOT

PAGE = (ROOT / "docs/processes.md").read_text(encoding="utf-8")
QUOTED = ", shortened"


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A copy of the project with the files of the page."""
    made = Checkout(tmp_path / "amphibus")
    for block in blocks("console|python", PAGE):
        if block.words[0] == "console":
            type_in(block, made)
        elif not block.path.endswith(QUOTED):
            made.write(block)
    yield made
    made.close_shop()


def test_the_example_is_sound_and_its_tests_pass(checkout: Checkout) -> None:
    assert run_tool(checkout, "ruff", "check", ".") == (0, "All checks passed!\n")
    assert run_tool(checkout, "ruff", "format", "--check", ".")[0] == 0
    code, said = run_tool(
        checkout, "pytest", "-q", "-p", "no:cacheprovider", "tests/modules/test_lockers.py"
    )
    assert (code, "2 passed" in said) == (0, True), said


@pytest.mark.full
def test_the_example_has_sound_types(checkout: Checkout) -> None:
    assert run_tool(checkout, "mypy", "modules", "tests/modules/test_lockers.py")[0] == 0


@pytest.mark.parametrize(
    "block", [each for each in blocks("python", PAGE) if each.path.endswith(QUOTED)]
)
def test_code_that_the_page_quotes_is_there(block: Block) -> None:
    assert block.text.partition("\n")[2] in (ROOT / block.path.removesuffix(QUOTED)).read_text()
