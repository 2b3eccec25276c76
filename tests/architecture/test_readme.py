"""The README, and the pages that go on from it, are typed in, word for word: they show what really happens."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from amphibus.contract import kind_of
from amphibus.routing.project import Project
from tests.architecture.readme import MANUAL, README, Block, Checkout, blocks, run_tool, type_in
from tests.architecture.tree import ROOT
from tests.services.installing import program


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    made = Checkout(tmp_path / "amphibus")
    yield made
    made.close_shop()


@pytest.mark.full
def test_everything_that_the_readme_tells_to_type_does_what_it_shows(checkout: Checkout) -> None:
    """A new user's first hour: the commands, and a module of his own, in the order of the text."""
    program("curl")
    for block in blocks("console|python|sh"):
        if block.words[0] == "sh":
            checkout.begin_anew()
        elif block.words[0] == "python":
            if not block.path.endswith(", shortened"):
                checkout.write(block)
        elif "slow" not in block.words:
            type_in(block, checkout)


@pytest.mark.full
def test_the_long_commands_of_the_readme_do_what_they_show(checkout: Checkout) -> None:
    for block in blocks("console slow"):
        type_in(block, checkout)


def test_the_module_of_the_readme_is_held_by_every_rule_without_an_edit(
    checkout: Checkout,
) -> None:
    """Whoever follows the text must not end with code that `./test` refuses."""
    _add_module(checkout)

    assert run_tool(checkout, "ruff", "check", ".") == (0, "All checks passed!\n")
    assert run_tool(checkout, "ruff", "format", "--check", ".")[0] == 0
    assert run_tool(checkout, "lint-imports", "--no-cache", "--no-logo")[0] == 0
    with (checkout.root / "modules/loyalty/handlers.py").open("a") as file:
        file.write("\nfrom modules.orders.models import Order\n")
    code, said = run_tool(checkout, "lint-imports", "--no-cache", "--no-logo")
    assert (code, "modules.loyalty is not allowed to import modules.orders" in said) == (1, True)


@pytest.mark.full
def test_the_module_of_the_readme_has_sound_types(checkout: Checkout) -> None:
    _add_module(checkout)
    page = checkout.root / "modules/loyalty/module.py"

    assert run_tool(checkout, "mypy", "modules", "tests/modules/test_loyalty.py")[0] == 0
    page.write_text(page.read_text().replace("GetPoints, get_points", "GetPoints, spend"))
    code, said = run_tool(checkout, "mypy", "modules")
    assert (code, 'modules/loyalty/module.py:13: error: Argument 2 to "on"' in said) == (1, True)


@pytest.mark.parametrize(
    "block", [each for each in blocks("python") if each.path.endswith(", shortened")]
)
def test_code_that_the_readme_quotes_is_there(block: Block) -> None:
    """A quotation that nobody checks is the first thing to be wrong."""
    lines = block.text.partition("\n")[2].splitlines()
    source = _squeezed((ROOT / block.path.removesuffix(", shortened")).read_text())

    assert [line for line in lines if _squeezed(line).rstrip(",") not in source] == []


def test_the_diagram_is_that_of_the_code() -> None:
    command = [sys.executable, "-m", "amphibus.cli", "modules", "orders", "--format", "mermaid"]
    drawn = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert [block.text for block in blocks("mermaid")] == [drawn.stdout]


def test_the_table_of_routes_is_that_of_the_contracts() -> None:
    """With the kind of each: a stored command behaves otherwise than a decided one."""
    shown = re.findall(r"^\| (GET|POST) (\S+) \| (\S+) \| (\w+) \| (\d+)", MANUAL, re.MULTILINE)
    contracts = Project.find(ROOT).contracts.items()

    def kind(contract: object) -> str:
        http = contract.contract_http  # type: ignore[attr-defined]
        query = kind_of(contract) == "query"  # type: ignore[arg-type]
        return "query" if query else "stored" if http.stored else "decided"

    assert sorted(shown) == sorted(
        (http.method, http.path, name, kind(contract), str(http.status))
        for name, contract in contracts
        if (http := contract.contract_http)
    )


def test_the_first_screen_fits_a_screen() -> None:
    """Who has to scroll to see what it is has gone."""
    assert README.partition("\n## ")[0].count("\n") <= 40


def test_the_front_page_fits_two_screens_and_begins_with_eight_commands() -> None:
    """The first five minutes cost a new user this much typing; a change of this number is a change of them."""
    typed = [each for block in blocks("console|sh", README) for each in block.text.splitlines()]
    first = [each for each in typed if each.startswith(("$ ", "git clone", "./run"))]

    assert README.count("\n") <= 95
    assert len(first) == 2 + 2 + 6


def _add_module(checkout: Checkout) -> None:
    """Types in the files of the new module."""
    for block in blocks("console|python"):
        if block.words[0] == "python" and "loyalty" in block.path:
            checkout.write(block)
        elif "mkdir" in block.text:
            type_in(block, checkout)


def _squeezed(code: str) -> str:
    """Code without what a formatter may change."""
    return "".join(code.split()).replace(",)", ")")
