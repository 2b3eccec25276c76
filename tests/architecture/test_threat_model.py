"""The threat model and the table of controls name tests that are there."""

import re

import pytest

from tests.architecture.tree import ROOT

_PAGES = ("docs/threat-model.md", "docs/security.md")


@pytest.mark.parametrize("page", _PAGES)
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / page).read_text()))

    assert named
    assert [each for each in sorted(named) if not (ROOT / each).is_file()] == []


def test_every_line_of_the_threat_model_has_its_test() -> None:
    rows = [
        line
        for line in (ROOT / "docs/threat-model.md").read_text().splitlines()
        if re.match(r"\| [STRIDE] \|", line)
    ]

    assert len(rows) > 30
    assert [row for row in rows if "`tests/" not in row.rpartition("| ")[2]] == []
