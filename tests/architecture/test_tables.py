"""Statements on the runtime's own tables stand in one package, so that a table can be changed in one place."""

import re

from amphibus.database.schema.steps import statements_for_postgresql
from tests.architecture.tree import place, python_files

HOME = (
    "runtime/amphibus/database/",
    "runtime/amphibus/testing/conformance/",
    "runtime/amphibus/cli/upgrade/words.py",
)
"""Beside the package itself, the tests in the wheel, which look whether it does what it should, and a list of former
names: a metric was called as a table was."""


def test_no_other_package_names_the_runtimes_tables() -> None:
    """Whoever needs a row asks for it by a verb."""
    tables = _tables()
    named = re.compile(rf"\b({'|'.join(tables)})\b")
    strangers = [
        place(path)
        for path in python_files("runtime/amphibus", "modules", "contracts")
        if not place(path).startswith(HOME) and named.search(path.read_text())
    ]

    assert len(tables) > 10
    assert strangers == []


def _tables() -> list[str]:
    """Every name that a table has had."""
    statements = "\n".join(statements_for_postgresql(0))
    return sorted(set(re.findall(r"(?:CREATE TABLE|RENAME TO) (amphibus_\w+)", statements)))
