"""The modules' schemas in a database of PostgreSQL: a role for each, which reaches its own schema alone.

Each owns its schema, or one role owns all of them and migrates them, and the modules' roles only work with rows.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg

from amphibus.database.facts import META
from amphibus.database.postgres.peers import SCHEMA as PEERS
from amphibus.database.postgres.peers import share_peers
from amphibus.database.postgres.urls import plain
from amphibus.errors import StoreError, StoreUnwritable

_MAINTENANCE: Final = "postgres"
_FOREIGN: Final = """
    SELECT c.relname, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'S') AND c.relowner <> n.nspowner
      AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.objid = c.oid AND c.relkind = 'S' AND d.deptype IN ('a', 'i'))
"""
"""What lies in a schema and belongs to another; the sequence of a column goes with its table."""

_RIGHTS: Final = ("SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")
_HAS_RIGHTS: Final = """
    SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
    FROM pg_roles WHERE rolname = $1
"""

_REFUSALS: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What the server says, and what the driver says of a connection that is cut."""
_ROWS: Final = "SELECT, INSERT, UPDATE, DELETE"
_NUMBERS: Final = "USAGE, SELECT, UPDATE"
"""What a role needs of a sequence: a module leaves numbers out."""
_GUESTS: Final = """
    SELECT DISTINCT pg_get_userbyid(a.grantee) FROM pg_namespace n, aclexplode(n.nspacl) a
    WHERE n.nspname = $1 AND a.privilege_type = 'USAGE' AND a.grantee NOT IN (0, n.nspowner)
"""
"""Who works in a schema that another owns."""


async def owns_schemas(url: str, role: str) -> bool:
    """Returns whether a role owns schemas in a database; the same role may be there for another one.

    Raises:
        StoreUnwritable: the server cannot be reached, or refuses that user.
    """
    database = _database(url)
    async with connected(_at(url, _MAINTENANCE)) as connection:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            return False
    async with connected(url) as connection:
        found = await connection.fetchval(
            "SELECT 1 FROM pg_namespace WHERE pg_get_userbyid(nspowner) = $1 LIMIT 1", role
        )
    return found is not None


async def missing(url: str, roles: Mapping[str, str], migrations: str = "") -> list[str]:
    """Returns what `create` would make: the database, and schemas and roles by name.

    Raises:
        StoreUnwritable: the server cannot be reached, or refuses that user.
    """
    database = _database(url)
    async with connected(_at(url, _MAINTENANCE)) as connection:
        there = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database)
        known = {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    schemas: set[str] = set()
    if there:
        async with connected(url) as connection:
            rows = await connection.fetch("SELECT nspname FROM pg_namespace")
            schemas = {row[0] for row in rows}
    found = [] if there else [f"database {database}"]
    found += [f"role {migrations}"] if migrations and migrations not in known else []
    for module, role in roles.items():
        found += [f"role {role}"] if role not in known else []
        found += [f"schema {module}"] if module not in schemas else []
    return found + ([f"schema {PEERS}"] if PEERS not in schemas else [])


async def create(
    url: str, roles: Mapping[str, str], passwords: Mapping[str, str], migrations: str = ""
) -> None:
    """Makes the database, and for each module a schema and the role that works in it and nowhere else.

    Beside them it makes the tables by which the modules' processes find each other.

    What is there already is brought to the same state: passwords, owners, rights.

    Args:
        url: the database, as somebody who may make roles.
        roles: module -> role.
        passwords: role -> password.
        migrations: the role that owns all schemas; each module's role owns its own if there is none.

    Raises:
        StoreUnwritable: the server cannot be reached, or refuses that user.
    """
    database = _database(url)
    async with connected(_at(url, _MAINTENANCE)) as connection:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await connection.execute(f"CREATE DATABASE {_quoted(database)}")
    async with connected(url) as connection, connection.transaction():
        # Everybody may connect to a new database, and up to PostgreSQL 14 write into its public schema.
        await connection.execute(f"REVOKE ALL ON DATABASE {_quoted(database)} FROM PUBLIC")
        await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        for role in (*roles.values(), *((migrations,) if migrations else ())):
            await _role(connection, role, passwords[role])
            await connection.execute(
                f"GRANT CONNECT ON DATABASE {_quoted(database)} TO {_quoted(role)}"
            )
        for module, role in roles.items():
            await _schema(connection, module, migrations or role)
            if migrations:
                await _let_work(connection, module, role, owner=migrations)
            await hand_over(connection, module)
        await share_peers(connection, map(_quoted, roles.values()))


async def _schema(connection: Any, module: str, owner: str) -> None:
    schema = _quoted(module)
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    await connection.execute(f"ALTER SCHEMA {schema} OWNER TO {_quoted(owner)}")
    await connection.execute(f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")


async def _let_work(connection: Any, module: str, role: str, *, owner: str) -> None:
    """Lets a role work with the rows in a schema that another one owns, and with what that makes there later."""
    schema, guest = _quoted(module), _quoted(role)
    await connection.execute(f"REVOKE ALL ON SCHEMA {schema} FROM {guest}")
    await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {guest}")
    for rights, kind in ((_ROWS, "TABLES"), (_NUMBERS, "SEQUENCES")):
        await connection.execute(
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {_quoted(owner)} IN SCHEMA {schema}"
            f" GRANT {rights} ON {kind} TO {guest}"
        )


async def hand_over(connection: Any, schema: str) -> None:
    """Gives what lies in a schema to the schema's owner, whoever made it, and lets those work with it who may."""
    owner = await connection.fetchval(
        "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = $1", schema
    )
    for name, kind in await connection.fetch(_FOREIGN, schema):
        place = f"{_quoted(schema)}.{_quoted(name)}"
        await connection.execute(f"ALTER {kind} {place} OWNER TO {_quoted(owner)}")
    for (guest,) in await connection.fetch(_GUESTS, schema):
        for rights, kind in ((_ROWS, "TABLES"), (_NUMBERS, "SEQUENCES")):
            await connection.execute(
                f"GRANT {rights} ON ALL {kind} IN SCHEMA {_quoted(schema)} TO {_quoted(guest)}"
            )


async def readable(url: str, modules: list[str]) -> list[str]:
    """The modules whose tables are there and may be read by this user.

    Raises:
        StoreUnwritable: the server cannot be reached, or refuses that user.
        StoreError: there are none.
    """
    async with connected(url) as connection:
        found = [
            module
            for module in modules
            if await connection.fetchval(
                "SELECT has_schema_privilege(oid, 'USAGE') AND to_regclass($1) IS NOT NULL"
                " FROM pg_namespace WHERE nspname = $2",
                f'"{module}".{META}',
                module,
            )
        ]
    if not found:
        raise StoreError(
            f"no module's tables in {_shown(url)} that '{_user(url)}' may read",
            "nothing was made there yet, or the role belongs to another module",
            f"amphibus db create --db {_named(url)} && amphibus db upgrade --db {_named(url)}",
        )
    return found


@asynccontextmanager
async def connected(url: str, **settings: str) -> AsyncIterator[Any]:
    """A connection to a database, with settings of the server for it.

    Raises:
        StoreUnwritable: the server cannot be reached, or refuses.
    """
    with explained(url):
        connection = await asyncpg.connect(plain(url), server_settings=settings)
        try:
            yield connection
        finally:
            await connection.close()


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Says what cannot be done where, if the server refuses something.

    Raises:
        StoreUnwritable: the server cannot be reached, or refuses.
    """
    try:
        yield
    except _REFUSALS as error:
        raise StoreUnwritable(
            f"{_shown(url)} cannot be used by '{_user(url)}'",
            f"{type(error).__name__}: {error}",
            "check --db, that the server runs, and what that role may do",
        ) from error


def url_for(url: str, role: str, password: str) -> str:
    """The same database, as another role."""
    parts = urlsplit(plain(url))
    place = parts.netloc.rpartition("@")[2]
    secret = f"{quote(role, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{secret}@{place}"))


async def _role(connection: Any, role: str, password: str) -> None:
    has = await connection.fetchrow(_HAS_RIGHTS, role)
    secret = await connection.fetchval("SELECT quote_literal($1::text)", password)
    # On a managed server nobody may say what only a superuser may change, not even that it stays.
    wrong = _RIGHTS if has is None else [each for each, it in zip(_RIGHTS, has, strict=True) if it]
    verb = "CREATE" if has is None else "ALTER"
    taken = " ".join(f"NO{each}" for each in wrong)
    await connection.execute(f"{verb} ROLE {_quoted(role)} WITH LOGIN {taken} PASSWORD {secret}")
    if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        # Whoever hands a schema over must be a member of its new owner.
        await connection.execute(f"GRANT {_quoted(role)} TO CURRENT_USER")


def _at(url: str, database: str) -> str:
    return urlunsplit(urlsplit(plain(url))._replace(path=f"/{database}"))


def _database(url: str) -> str:
    name = unquote(urlsplit(plain(url)).path.lstrip("/"))
    if not name:
        raise StoreError(
            f"{_shown(url)} names no database",
            "the modules' schemas are made in one",
            "--db postgresql://USER@HOST/DATABASE",
        )
    return name


def _shown(url: str) -> str:
    parts = urlsplit(plain(url))
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))


def _named(url: str) -> str:
    """The address as it may be typed again: with its user, without a password."""
    parts = urlsplit(plain(url))
    place = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    return urlunsplit(parts._replace(netloc=user + place, query=""))


def _user(url: str) -> str:
    return unquote(urlsplit(url).username or "") or "the default user"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def vacuum(connection: Any, module: str) -> None:
    """Has the server reuse the old versions of the rows in a schema's tables."""
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", module)
    for row in rows:
        await connection.execute(f"VACUUM {_quoted(module)}.{_quoted(row[0])}")
