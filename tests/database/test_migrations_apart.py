"""One role owns all tables and migrates them; those of the modules work with rows alone."""

import json
from pathlib import Path

import asyncpg
import pytest

from amphibus.config.settings import load_settings
from amphibus.host.host import Host
from amphibus.routing.project import Project
from tests.architecture.tree import ROOT
from tests.database.test_server import MODULES, Server
from tests.services.postgres import PostgresCluster

pytestmark = [pytest.mark.full, pytest.mark.asyncio]
_STATEMENTS = (
    "CREATE TABLE orders.mine (id int)",
    "DROP TABLE orders.amphibus_audit",
    "ALTER TABLE orders.amphibus_meta ADD COLUMN mine int",
    "TRUNCATE orders.amphibus_audit",
    "CREATE TRIGGER mine BEFORE DELETE ON orders.amphibus_audit EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "SELECT * FROM payments.amphibus_inbox",
)


def _host(server: Server, role: str, *modules: str) -> Host:
    flags = {"data_dir": server.folder, "db_url": server.role(role)}
    settings = load_settings(ROOT, mode="monolith", flags=flags, environ={})
    return Host(Project.find(ROOT), settings, modules)


async def test_modules_work_with_rows_and_another_role_makes_their_tables(
    cluster: PostgresCluster, tmp_path: Path
) -> None:
    server = Server(cluster.fresh(), tmp_path)
    made = server.db("create", "--migrations-apart", "--urls", str(tmp_path / "urls"))
    assert made.returncode == 0, made.stderr
    early = _host(server, "orders", "orders")
    with pytest.raises(Exception, match="cannot be used by this role to make or change tables"):
        await early.start()

    upgraded = server.db("upgrade", url=server.role("_migrations"))
    assert upgraded.returncode == 0, upgraded.stderr
    for again in range(2):  # what is repeated without the option stays as it was
        for module in ("orders", "gateway"):
            host = _host(server, module, module)
            await host.start()
            await host.stop()
        async with server.connected(server.role("orders")) as connection:
            for statement in _STATEMENTS:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        repeated = server.db("create", "--urls", str(tmp_path / "urls"))
        assert (repeated.returncode, "made" in repeated.stdout) == (0, False), again

    shown = json.loads(server.db("status", "--json", url=server.role("_migrations")).stdout)
    assert [each["module"] for each in shown] == sorted(MODULES)


async def test_a_server_with_tables_is_brought_to_it(
    cluster: PostgresCluster, tmp_path: Path
) -> None:
    """Tables that their module made, and such as an administrator makes later."""
    server = Server(cluster.fresh(), tmp_path)
    urls = ("--urls", str(tmp_path / "urls"))
    assert server.db("create", *urls).returncode == 0
    host = _host(server, "orders", "orders")
    await host.start()
    await host.stop()

    assert server.db("create", "--migrations-apart", *urls).returncode == 0
    upgraded = server.db("upgrade")  # by the administrator
    assert upgraded.returncode == 0, upgraded.stderr
    for module in ("orders", "payments"):
        host = _host(server, module, module)
        await host.start()
        await host.stop()
        async with server.connected(server.role(module)) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"DROP TABLE {module}.amphibus_audit")
