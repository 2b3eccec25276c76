"""What the command line loads before it knows what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"alembic", "asyncpg", "faststream", "sqlalchemy", "sqlmodel", "starlette", "uvicorn"}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_command_line_answers_before_it_loads_anything_heavy(option: str) -> None:
    """Half a second for a question about the command itself is felt at every key."""
    outcome = subprocess.run(
        [sys.executable, "-X", "importtime", Path(sys.executable).with_name("amphibus"), option],
        capture_output=True,
        text=True,
        check=False,
    )
    names = [line.rpartition("|")[2].strip() for line in outcome.stderr.splitlines()]
    loaded = {name.partition(".")[0] for name in names}

    assert outcome.returncode == 0, outcome.stderr[-2000:]
    assert outcome.stdout.strip()
    assert "amphibus" in loaded
    assert loaded & HEAVY == set()


def test_the_modules_of_a_shop_are_loaded_without_what_their_libraries_look_for() -> None:
    """A process would take a tenth longer to start, and 10 MB more. Who wants those can still load them."""
    code = (
        "import sys; from pathlib import Path; from amphibus.routing.project import Project; "
        "assert Project.find(Path.cwd()).modules['orders'].container; import structlog; "
        "assert {'fastapi', 'fast_depends', 'rich', 'starlette', 'werkzeug'}.isdisjoint(sys.modules); "
        "import fastapi, rich"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert outcome.returncode == 0, outcome.stderr[-2000:]
