"""The transports and databases that every fact runs on."""

import pytest

ON_FILES = ("memory", "memory+wire", "rabbitmq", "rabbitmq+direct", "direct")
ON_SERVER = "-postgresql"
"""How the name of a transport ends where the databases are on a server."""
TRANSPORTS = (
    *ON_FILES,
    f"memory{ON_SERVER}",
    f"rabbitmq{ON_SERVER}",
    f"rabbitmq+direct{ON_SERVER}",
    f"direct{ON_SERVER}",
)
on_files = pytest.mark.parametrize("transport", ON_FILES, indirect=True)
"""For a fact that is about files; beside it stands why."""
