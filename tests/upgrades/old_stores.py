"""Stores of the shop that version 1 of the runtime's tables wrote; `stores/README.md` says what is in them."""

import gzip
import json
import os
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from amphibus.admin.inspection import in_file, on_server
from tests.architecture.tree import ROOT
from tests.services.installing import program
from tests.services.postgres import PostgresCluster
from tests.services.warm import warm_process

STORES: Final = Path(__file__).with_name("stores")
KEEP_ALL: Final = {"retention.retain_days": 3650, "retention.inbox_retention_days": 3650}
_TABLES: Final = {"amphibus_parked": "amphibus_delayed"}
"""Tables that have another name now."""


@dataclass(frozen=True)
class OldStores:
    """One set of them, unpacked."""

    name: str
    data: Path
    url: str | None = None

    @cached_property
    def expected(self) -> dict[str, Any]:
        """What the version that wrote them says is in them, and what must become of it."""
        found: dict[str, Any] = json.loads((STORES / self.name / "expected.json").read_text())
        return found

    @property
    def modules(self) -> Mapping[str, Any]:
        """What is in the store of each module."""
        found: Mapping[str, Any] = self.expected["now"]["modules"]
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """How the shop runs on them."""
        return KEEP_ALL if self.url is None else KEEP_ALL | {"db_url": self.url}

    def rows(self, module: str, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        if self.url is None:
            return [tuple(row) for row in in_file(self.data / f"{module}.db", statement)]
        return [tuple(row) for row in on_server(self.url, module, statement)]

    def amphibus(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Runs a command in the shop."""
        ours = {key: value for key, value in os.environ.items() if not key.startswith("AMPHIBUS_")}
        named = {"AMPHIBUS_DATA_DIR": str(self.data)}
        if self.url is not None:
            named["AMPHIBUS_DB_URL"] = self.url
        return warm_process().run(arguments, cwd=ROOT, environ=ours | named | environment)

    def ids(self, what: str, module: str) -> list[str]:
        """The delayed, dead or undelivered messages that it had, in order."""
        return [each["id"] for each in self.modules[module][what]]

    def counts(self, module: str) -> dict[str, int]:
        """How many rows each table had, under the name that it has now."""
        rows = self.modules[module]["rows"]
        return {_TABLES.get(table, table): count for table, count in rows.items()}


def in_files(name: str, folder: Path) -> OldStores:
    """A set of SQLite files, unpacked."""
    with tarfile.open(STORES / name / "var.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    return OldStores(name, folder)


def on_a_server(name: str, folder: Path, cluster: PostgresCluster) -> OldStores:
    """A set of schemas, restored into a database of its own."""
    url, psql = cluster.fresh(), program("psql", "postgresql-client")
    database = url.rpartition("/")[2]
    dump = gzip.decompress((STORES / name / f"{name}.sql.gz").read_bytes())
    _psql(psql, cluster.url(), f'CREATE DATABASE "{database}" TEMPLATE template0'.encode())
    _psql(psql, url, dump)
    packed = (STORES / name / "payments-sandbox.db.gz").read_bytes()
    (folder / "payments-sandbox.db").write_bytes(gzip.decompress(packed))
    return OldStores(name, folder, url)


def _psql(psql: str, url: str, statements: bytes) -> None:
    command = [psql, "-q", "-v", "ON_ERROR_STOP=1", "-d", url]
    subprocess.run(command, input=statements, check=True, stdout=subprocess.DEVNULL)
