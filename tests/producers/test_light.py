"""What a program outside loads when it sends."""

import subprocess
import sys

SERVER = {
    "alembic",
    "dependency_injector",
    "faststream",
    "httpx",
    "sqlalchemy",
    "sqlmodel",
    "starlette",
    "structlog",
    "uvicorn",
}


def test_a_producer_loads_nothing_that_runs_modules() -> None:
    """`pip install amphibus[producer]` brings none of it, and a script should start at once."""
    code = "import sys; from amphibus import Producer; print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    loaded = {name.partition(".")[0] for name in said.split()}

    assert "aiormq" in loaded
    assert loaded & SERVER == set()
