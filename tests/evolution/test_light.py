"""Whoever looks at contracts alone waits for no database and no loop."""

import subprocess
import sys

from tests.evolution.project import Depot

_PROGRAM = """
import sys
from amphibus.cli.main import execute

code = execute(sys.argv[1:])
loaded = {name.partition(".")[0] for name in sys.modules}
print(code, *sorted(loaded & {"sqlalchemy", "sqlmodel", "alembic", "structlog", "asyncio", "httpx"}))
"""


def test_a_check_of_contracts_loads_no_database(depot: Depot) -> None:
    """Half of its time was SQLAlchemy, which no contract knows."""
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM, "contracts", "check"],
        cwd=depot.root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == "0", ended.stdout
