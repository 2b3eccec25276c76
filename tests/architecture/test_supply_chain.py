"""What is shipped is known by name, hash and licence."""

import json
import re
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final

import pytest

from tests.architecture.tree import ROOT

_LOCK: Final = "requirements.lock"
_FREE: Final = (
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Mozilla|MPL|Unlicense|0BSD|CC0|Zlib|HPND|CNRI"
    r"|Public Domain|Permissive|WTFPL"
)
"""Licences under which others may use what we ship as they like; the Mozilla one asks for changes of its own files."""
_TOOLS: Final = {
    "axe-playwright-python": "MIT by the file that it carries; its metadata do not say so",
    "dramatiq": "LGPL: what the benchmarks compare with",
    "pygal": "LGPL: draws the benchmarks",
}
"""Packages of other licences that only develop or measure, and are no part of what is shipped."""


def test_the_bill_of_materials_has_every_package_with_its_hashes(tmp_path: Path) -> None:
    """The command of CONTRIBUTING, as a release runs it."""
    made = tmp_path / "sbom.json"
    subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", _LOCK, "--of", "JSON", "-o", made],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    bill: dict[str, Any] = json.loads(made.read_text())
    pinned = re.findall(r"^([\w.-]+)==([^ ;\\]+)", (ROOT / _LOCK).read_text(), re.MULTILINE)

    assert bill["bomFormat"] == "CycloneDX"
    assert {(each["name"], each["version"]) for each in bill["components"]} == set(pinned)
    assert [each["name"] for each in bill["components"] if not _hashes(each)] == []
    assert "cyclonedx-py requirements" in (ROOT / "CONTRIBUTING.md").read_text()


def test_every_package_has_a_licence_that_lets_others_use_it() -> None:
    found = {_name(each): _licence(each) for each in distributions()}

    assert {
        name: licence
        for name, licence in found.items()
        if not re.search(_FREE, licence) and name not in _TOOLS
    } == {}


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "AGPL-3.0", "Proprietary", ""])
def test_another_licence_is_noticed(licence: str) -> None:
    assert not re.search(_FREE, licence)


def _hashes(component: dict[str, Any]) -> list[Any]:
    references = component.get("externalReferences", [])
    return [
        *component.get("hashes", []),
        *(each for one in references for each in one.get("hashes", [])),
    ]


def _name(distribution: Distribution) -> str:
    return str(distribution.metadata["Name"]).lower()


def _licence(distribution: Distribution) -> str:
    """All that a package says of its licence, but for a text of many lines."""
    said = distribution.metadata
    short = [each.partition("\n")[0] for each in said.get_all("License") or []]
    kinds = [each for each in said.get_all("Classifier") or [] if each.startswith("License")]
    return " ".join([*(said.get_all("License-Expression") or []), *short, *kinds]).strip()
