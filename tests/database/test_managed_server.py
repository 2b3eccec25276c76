"""`db create` on a server that others run, where nobody is a superuser."""

import asyncpg
import pytest

from amphibus.admin.server import create
from amphibus.database.postgres.store import PostgresStore
from tests.services.postgres import PostgresCluster

pytestmark = [pytest.mark.asyncio, pytest.mark.full]
_ROLES = {"desk": "managed_desk", "archive": "managed_archive"}
_PASSWORDS = {role: f"of {role}" for role in _ROLES.values()}


async def test_who_may_make_roles_and_databases_needs_no_more(
    cluster: PostgresCluster,
) -> None:
    """Twice, as an upgrade does; and each role then works with its own schema alone."""
    superuser = await asyncpg.connect(cluster.url())
    await superuser.execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'of manager'")
    url = f"postgresql://manager:of%20manager@127.0.0.1:{cluster.port}/managed"
    try:
        await create(url, _ROLES, _PASSWORDS)
        await create(url, _ROLES, _PASSWORDS)
        own = url.replace("manager:of%20manager", "managed_desk:of%20managed_desk")
        store = PostgresStore("desk", own)
        await store.open(upgrade=True)
        await store.close()

        connection = await asyncpg.connect(own)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE archive.mine (id INT)")
        await connection.close()
    finally:
        await superuser.execute("DROP DATABASE IF EXISTS managed WITH (FORCE)")
        for role in (*_ROLES.values(), "manager"):
            await superuser.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
        await superuser.close()
