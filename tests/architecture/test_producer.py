"""What a producer outside must install to speak to the shop."""

import subprocess
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.architecture.tree import ROOT, place


def test_every_contract_can_be_used_with_pydantic_alone(bare_python: Path) -> None:
    """`contracts/` and `pip install amphibus` are all that another team's program needs."""
    pages = [
        place(path).removesuffix(".py").replace("/", ".")
        for path in sorted((ROOT / "contracts").glob("*/v*.py"))
    ]
    imports = ", ".join(["amphibus.contract", *pages])

    outcome = _run(bare_python, f"import {imports}")

    assert outcome.returncode == 0, outcome.stderr


def test_the_environment_of_that_proof_is_really_bare(bare_python: Path) -> None:
    """Otherwise the proof above proves nothing."""
    for package in ("sqlalchemy", "starlette", "dependency_injector", "httpx", "structlog"):
        assert "ModuleNotFoundError" in _run(bare_python, f"import {package}").stderr


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with amphibus and what it requires without extras, from what is here."""
    folder = tmp_path_factory.mktemp("producer")
    venv.create(folder, symlinks=True)
    (library,) = folder.glob("lib/python*/site-packages")
    for name in set(_requirements_of("amphibus")):
        for file in distribution(name).files or ():
            if ".." not in file.parts:
                target = library / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(file.locate())
    (library / "project.pth").write_text(f"{ROOT}\n{ROOT / 'runtime'}\n")
    return folder / "bin" / "python"


def _requirements_of(name: str) -> Iterator[str]:
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name
            yield from _requirements_of(requirement.name)


def _run(python: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
