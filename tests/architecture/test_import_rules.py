"""The import rules of pyproject.toml catch what they are for, in modules never seen before."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT


@dataclass(frozen=True)
class Violation:
    """A file that breaks a rule, and the rule that it breaks."""

    file: str
    code: str
    rule: str


ARROWS = "Arrows point one way"
APART = "Modules never import each other"
CONTRACTS_APART = "Contracts of one module never import those of another"
DOORS = "The shop enters amphibus by its public doors only"
PURE = "Contracts know nothing of amphibus but amphibus.contract"
INSIDE = "Inside a module"
CYCLES = "No import cycles inside amphibus"
FLOORS = "Inside amphibus an import only goes down"
SIDES = "Receiving, sending and carrying know nothing of each other"
BELOW = "Handling and keeping never reach up to what sends, carries, hosts or commands"

VIOLATIONS = {
    "a module imports another": Violation(
        "modules/newcomer/handlers.py", "import modules.neighbour.models", APART
    ),
    "a module reaches another through a third": Violation(
        "modules/newcomer/models.py", "import modules.neighbour", APART
    ),
    "a contract imports a module": Violation(
        "contracts/newcomer/v1.py", "import modules.newcomer.models", ARROWS
    ),
    "a contract imports another module's contract": Violation(
        "contracts/newcomer/v1.py", "import contracts.neighbour.v1", CONTRACTS_APART
    ),
    "a contract imports the front of amphibus": Violation(
        "contracts/newcomer/v1.py", "from amphibus import Module", PURE
    ),
    "a contract imports a door for modules": Violation(
        "contracts/newcomer/v1.py", "import amphibus.columns", DOORS
    ),
    "amphibus imports a contract": Violation(
        "runtime/amphibus/outbox/newcomer.py", "import contracts.newcomer.v1", ARROWS
    ),
    "amphibus imports a module": Violation(
        "runtime/amphibus/outbox/newcomer.py", "import modules.newcomer", ARROWS
    ),
    "a module goes past the doors of amphibus": Violation(
        "modules/newcomer/handlers.py", "import amphibus.messages.envelope", DOORS
    ),
    "a module goes past amphibus.contract to its parts": Violation(
        "modules/newcomer/handlers.py", "import amphibus.contract.fields", DOORS
    ),
    "tables know their handlers": Violation(
        "modules/newcomer/models.py", "import modules.newcomer.handlers", INSIDE
    ),
    "a module has a file for this and that": Violation(
        "modules/newcomer/utils.py", "import json", INSIDE
    ),
    "the demo goes past its door": Violation("demo/story.py", "import amphibus.cli.output", DOORS),
    "a module imports the demo": Violation(
        "modules/newcomer/handlers.py", "import demo.oracle", ARROWS
    ),
    "what travels knows where it is kept": Violation(
        "runtime/amphibus/messages/ids.py", "import amphibus.database.sql", FLOORS
    ),
    "two packages of one floor know each other": Violation(
        "runtime/amphibus/gateway/texts.py", "import amphibus.admin.inspection", FLOORS
    ),
    "a folder is on no floor": Violation(
        "runtime/amphibus/novelty/__init__.py", "import amphibus.errors", FLOORS
    ),
    "a file at the top is on no floor": Violation(
        "runtime/amphibus/novelty.py", "import amphibus.errors", FLOORS
    ),
    "the outbox knows the inbox": Violation(
        "runtime/amphibus/outbox/newcomer.py", "import amphibus.inbox.attempt", SIDES
    ),
    "a transport knows the outbox": Violation(
        "runtime/amphibus/transports/memory.py", "import amphibus.outbox.reader", SIDES
    ),
    "the writer knows the relay": Violation(
        "runtime/amphibus/unit_of_work/writer.py", "import amphibus.outbox.reader", BELOW
    ),
    "the inbox knows a transport": Violation(
        "runtime/amphibus/inbox/attempt.py", "import amphibus.transports.memory", BELOW
    ),
    "two parts of amphibus import each other": Violation(
        "runtime/amphibus/errors.py", "import amphibus.outbox.newcomer", CYCLES
    ),
}


def test_the_rules_accept_a_new_module_without_an_edit(shop: Path) -> None:
    """Whoever adds a module has no list to keep."""
    outcome = _lint(shop)

    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("violation", VIOLATIONS.values(), ids=VIOLATIONS)
def test_the_rules_catch(violation: Violation, shop: Path) -> None:
    """A rule that nobody has seen fail may hold nothing."""
    (shop / violation.file).parent.mkdir(exist_ok=True)
    with (shop / violation.file).open("a") as file:
        file.write(f"\n{violation.code}\n")

    outcome = _lint(shop)

    assert outcome.returncode == 1, outcome.stdout
    assert violation.rule in _broken(outcome.stdout)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the project with two more modules, which no rule names."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in ("runtime/amphibus", "contracts", "demo", "examples", "modules"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for name in ("newcomer", "neighbour"):
        _write(tmp_path / f"contracts/{name}/__init__.py", "")
        _write(tmp_path / f"contracts/{name}/v1.py", "import amphibus.contract")
        _write(tmp_path / f"modules/{name}/__init__.py", "")
        _write(tmp_path / f"modules/{name}/module.py", f"import modules.{name}.handlers, amphibus")
        _write(tmp_path / f"modules/{name}/handlers.py", f"import contracts.{name}.v1")
        _write(tmp_path / f"modules/{name}/models.py", "import amphibus.columns")
    _write(tmp_path / "runtime/amphibus/outbox/newcomer.py", "import amphibus.errors")
    return tmp_path


def _write(path: Path, code: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code + "\n")


def _lint(shop: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=shop,
        env={**os.environ, "PYTHONPATH": str(shop / "runtime"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def _broken(report: str) -> str:
    return "\n".join(line for line in report.splitlines() if " BROKEN" in line)
