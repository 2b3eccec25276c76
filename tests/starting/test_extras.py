"""A package that is missing is named with the command that installs it."""

import subprocess
import sys

import pytest

from amphibus.cli.door import missing_package


@pytest.mark.parametrize(
    ("imported", "extra"),
    [
        ("cyclopts", "server"),
        ("jwt", "server"),
        ("asyncpg", "postgresql"),
        ("pytest_asyncio", "testing"),
    ],
)
def test_a_package_of_an_extra_is_named_with_it(imported: str, extra: str) -> None:
    lacking = missing_package(imported)

    assert lacking is not None
    assert lacking.fix == f"pip install 'amphibus[{extra}]'"


def test_what_no_extra_brings_is_a_mistake_of_somebody_else() -> None:
    assert missing_package("nowhere") is None


def test_the_command_without_its_packages_says_what_to_install() -> None:
    hidden = (
        "import sys; sys.modules['cyclopts'] = None; from amphibus.cli.door import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", hidden], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert "error  the package cyclopts is not installed" in ended.stderr
    assert "fix  pip install 'amphibus[server]'" in ended.stderr
    assert "Traceback" not in ended.stderr
