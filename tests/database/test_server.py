"""Each module has a schema of its own in the database, and a role that reaches no other."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from amphibus.admin.server import connected
from amphibus.config.settings import load_settings
from amphibus.errors import StoreUnwritable
from amphibus.host.host import Host
from amphibus.routing.project import Project
from tests.architecture.tree import ROOT
from tests.services.addresses import addressed
from tests.services.postgres import PostgresCluster
from tests.services.warm import warm_process

AMPHIBUS = Path(sys.executable).with_name("amphibus")
MODULES = ("gateway", "catalog", "inventory", "notifications", "orders", "payments", "reporting")


@dataclass
class Server:
    """A database and the files of who may do what in it."""

    url: str
    folder: Path

    def db(self, *arguments: str, url: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Runs `amphibus db …` for it."""
        return warm_process().run(
            ("db", *arguments, "--db", addressed(url or self.url, self.folder)),
            cwd=ROOT,
            environ=os.environ | {"AMPHIBUS_DATA_DIR": str(self.folder)},
        )

    def role(self, module: str) -> str:
        """The database as a module reaches it."""
        return (self.folder / "urls" / module / "db-url").read_text().strip()

    @asynccontextmanager
    async def connected(self, url: str) -> AsyncIterator[Any]:
        """A connection."""
        connection = await asyncpg.connect(url)
        try:
            yield connection
        finally:
            await connection.close()


@pytest.fixture
def server(cluster: PostgresCluster, tmp_path: Path) -> Server:
    """A database with schemas and roles, without tables."""
    return _created(cluster, tmp_path)


@pytest.fixture(scope="module")
def upgraded(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A database with all tables, which tests leave as it is."""
    found = _created(cluster, tmp_path_factory.mktemp("upgraded"))
    outcome = found.db("upgrade")
    assert outcome.returncode == 0, outcome.stderr
    return found


def _created(cluster: PostgresCluster, folder: Path) -> Server:
    found = Server(cluster.fresh(), folder)
    outcome = found.db("create", "--urls", str(folder / "urls"))
    assert outcome.returncode == 0, outcome.stderr
    return found


@pytest.mark.asyncio
async def test_a_module_runs_with_a_role_that_owns_nothing_but_its_schema(server: Server) -> None:
    """It makes and upgrades its own tables; nobody needs to run anything as an administrator."""
    flags = {"data_dir": server.folder, "db_url": server.role("payments")}
    settings = load_settings(ROOT, mode="monolith", flags=flags, environ={})
    host = Host(Project.find(ROOT), settings, ("payments",))
    await host.start()
    await host.stop()

    (status,) = json.loads(server.db("status", "--json", url=server.role("payments")).stdout)
    assert status["module"] == "payments"
    assert status["revision"] == "0001"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM orders.amphibus_inbox",
        "INSERT INTO orders.amphibus_meta VALUES ('a', 'b')",
        "DROP TABLE orders.amphibus_meta",
        "CREATE TABLE orders.mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "DROP SCHEMA orders CASCADE",
        "CREATE ROLE another",
        "SET ROLE amphibus",
        "ALTER SCHEMA payments RENAME TO orders2; SELECT * FROM orders.amphibus_meta",
    ],
)
@pytest.mark.asyncio
async def test_a_role_reaches_no_other_modules_schema(statement: str, upgraded: Server) -> None:
    async with upgraded.connected(upgraded.role("payments")) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


@pytest.mark.asyncio
async def test_a_role_reaches_no_other_database(upgraded: Server, cluster: PostgresCluster) -> None:
    """Whatever else lives on the server shuts its doors as this database does."""
    stranger = upgraded.role("payments").replace(upgraded.url.rpartition("/")[2], "postgres")
    async with upgraded.connected(cluster.url()) as connection:
        await connection.execute("REVOKE ALL ON DATABASE postgres FROM PUBLIC")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(stranger)


@pytest.mark.asyncio
async def test_what_an_administrator_upgrades_belongs_to_the_modules(upgraded: Server) -> None:
    """`db upgrade` before a deployment, the modules after it."""
    async with upgraded.connected(upgraded.role("orders")) as connection:
        await connection.execute("SET search_path = orders")
        await connection.execute("INSERT INTO amphibus_outbox SELECT * FROM amphibus_outbox")
        await connection.execute("ALTER TABLE amphibus_outbox ADD COLUMN mine int")
        await connection.execute("ALTER TABLE amphibus_outbox DROP COLUMN mine")
        await connection.fetchval(
            "SELECT nextval(pg_get_serial_sequence('amphibus_outbox', 'seq'))"
        )

    shown = json.loads(upgraded.db("status", "--json").stdout)
    assert [each["module"] for each in shown] == sorted(set(MODULES))


@pytest.mark.asyncio
async def test_a_role_upgrades_its_own_module_alone(server: Server) -> None:
    own = server.db("upgrade", "--module", "payments", url=server.role("payments"))
    other = server.db("upgrade", "--module", "orders", url=server.role("payments"))

    assert own.returncode == 0, own.stderr
    assert other.returncode == 1
    assert "cannot be used" in other.stderr
    assert server.db("upgrade", "--module", "nobody").returncode == 2


@pytest.mark.asyncio
async def test_creating_again_changes_nothing_and_repairs_what_was_changed(server: Server) -> None:
    """It can be part of every deployment."""
    before = server.role("orders")
    async with server.connected(server.url) as connection:
        await connection.execute("ALTER ROLE shop_dev_orders PASSWORD 'guessed' CREATEDB")
        await connection.execute("ALTER SCHEMA orders OWNER TO shop_dev_payments")

    again = server.db("create", "--urls", str(server.folder / "urls"))

    assert again.returncode == 0, again.stderr
    assert "made" not in again.stdout
    assert server.role("orders") == before
    async with server.connected(before) as connection:
        await connection.execute("CREATE TABLE orders.mine (id int)")
        rights = "SELECT rolcreatedb OR rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = $1"
        assert not await connection.fetchval(rights, "shop_dev_orders")


@pytest.mark.asyncio
async def test_a_dry_run_says_what_would_be_made_and_makes_nothing(
    cluster: PostgresCluster, tmp_path: Path
) -> None:
    server = Server(cluster.fresh(), tmp_path)
    shown = server.db("create", "--dry-run").stdout.splitlines()
    upgraded = server.db("upgrade", "--dry-run")

    assert f"database {server.url.rpartition('/')[2]}  would be made (dry run)" in shown
    assert "schema orders  would be made (dry run)" in shown
    assert upgraded.returncode == 1
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(server.url)


@pytest.mark.asyncio
async def test_passwords_are_written_for_their_owner_alone(server: Server) -> None:
    files = [server.folder / "db-roles.json", *(server.folder / "urls").glob("*/*")]

    assert len(files) == 1 + len(MODULES)
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


@pytest.mark.asyncio
async def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    outcome = Server("postgresql://me:secret@127.0.0.1:9/shop", tmp_path).db("create")

    assert outcome.returncode == 1
    assert "postgresql://127.0.0.1:9/" in outcome.stderr
    assert "secret" not in outcome.stderr


@pytest.mark.asyncio
async def test_a_command_whose_connection_is_cut_midway_says_so(cluster: PostgresCluster) -> None:
    """The driver has errors of its own for it, while a statement runs and when a transaction is ended."""
    url = cluster.url()

    async def cut_off(other: Any, *, midway: bool) -> None:
        async with connected(url) as one, one.transaction():
            ours = one.get_server_pid()
            await other.fetchval("SELECT pg_terminate_backend($1, 60000)", ours)
            if midway:
                await one.fetchval("SELECT 1")

    async with connected(url) as other:
        for midway in (True, False):
            with pytest.raises(StoreUnwritable, match="cannot be used"):
                await cut_off(other, midway=midway)


def test_without_a_server_it_says_what_to_type(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [AMPHIBUS, "db", "create"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert outcome.returncode == 2
    assert "amphibus db create --db postgresql://" in outcome.stderr
    assert list(tmp_path.iterdir()) == []
