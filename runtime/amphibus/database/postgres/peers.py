"""The addresses and keys of processes that ask each other directly, in a schema of their own beside the modules'.

Each module's role reads all addresses and writes its own, and sees the keys of the pairs that it belongs to. The
server holds all roles to that: a module is spoken for by whoever has the rights of its schema's owner, or may write its
facts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import asyncpg

from amphibus.database.postgres.bounded import cut_off_after
from amphibus.database.postgres.sql import NOW
from amphibus.database.postgres.urls import plain
from amphibus.errors import StoreUnwritable

SCHEMA: Final = "amphibus_direct"
_CONNECT_SECONDS: Final = 5.0
_MAKE_SECONDS: Final = 4.0
_OWNED: Final = (
    "EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = {} AND (pg_has_role(n.nspowner, 'USAGE')"
    " OR EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'amphibus_meta'"
    " AND has_table_privilege(c.oid, 'UPDATE'))))"
)
_OWN: Final = _OWNED.format("module")
_OURS: Final = f"{_OWNED.format('one')} OR {_OWNED.format('other')}"
_MAKE: Final = f"""
    SELECT pg_advisory_xact_lock(hashtext('{SCHEMA}'));
    CREATE SCHEMA IF NOT EXISTS {SCHEMA};
    CREATE TABLE IF NOT EXISTS {SCHEMA}.address (
        module TEXT NOT NULL,
        instance TEXT NOT NULL,
        host TEXT NOT NULL,
        port BIGINT NOT NULL,
        machine TEXT NOT NULL,
        until BIGINT NOT NULL,
        PRIMARY KEY (module, instance)
    );
    CREATE TABLE IF NOT EXISTS {SCHEMA}.pair_key (
        one TEXT NOT NULL,
        other TEXT NOT NULL,
        key TEXT NOT NULL,
        PRIMARY KEY (one, other)
    );
    ALTER TABLE {SCHEMA}.address ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {SCHEMA}.pair_key ENABLE ROW LEVEL SECURITY;
    DROP POLICY IF EXISTS everybody_reads ON {SCHEMA}.address;
    CREATE POLICY everybody_reads ON {SCHEMA}.address FOR SELECT USING (true);
    DROP POLICY IF EXISTS owners_write ON {SCHEMA}.address;
    CREATE POLICY owners_write ON {SCHEMA}.address USING ({_OWN}) WITH CHECK ({_OWN});
    DROP POLICY IF EXISTS both_share ON {SCHEMA}.pair_key;
    CREATE POLICY both_share ON {SCHEMA}.pair_key USING ({_OURS}) WITH CHECK ({_OURS});
"""
_TAKE_OVER: Final = f"""
    ALTER SCHEMA {SCHEMA} OWNER TO CURRENT_USER;
    ALTER TABLE {SCHEMA}.address OWNER TO CURRENT_USER;
    ALTER TABLE {SCHEMA}.pair_key OWNER TO CURRENT_USER;
    REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC;
"""
_GRANT: Final = f"""
    GRANT USAGE ON SCHEMA {SCHEMA} TO {{role}};
    GRANT SELECT, INSERT, UPDATE, DELETE ON {SCHEMA}.address TO {{role}};
    GRANT SELECT, INSERT ON {SCHEMA}.pair_key TO {{role}};
"""
_ANNOUNCE: Final = f"""
    INSERT INTO {SCHEMA}.address (module, instance, host, port, machine, until)
    VALUES ($1, $2, $3, $4, $5, {NOW} + $6)
    ON CONFLICT (module, instance) DO UPDATE SET host = excluded.host, port = excluded.port, until = excluded.until
"""


class Announced(NamedTuple):
    """One module at one process."""

    module: str
    instance: str
    host: str
    port: int
    machine: str


async def connect_to_peers(url: str, *, make: bool = True) -> Any:
    """Returns a connection to work with them; makes the schema where it is missing, if it may.

    Raises:
        StoreUnwritable: this role may not make or use it.
        OSError, TimeoutError, PostgresError: the server is away.
    """
    raw = await asyncpg.connect(
        plain(url),
        timeout=_CONNECT_SECONDS,
        server_settings={"application_name": SCHEMA},
    )
    try:
        async with cut_off_after(raw, _MAKE_SECONDS):
            if not await raw.fetchval("SELECT to_regnamespace($1) IS NOT NULL", SCHEMA):
                if not make:
                    raise StoreUnwritable(
                        f"there is no schema {SCHEMA}", "nobody has announced anything", ""
                    )
                with allowed():
                    async with raw.transaction():
                        await raw.execute(_MAKE)
    except BaseException:
        raw.terminate()
        raise
    return raw


@contextmanager
def allowed() -> Iterator[None]:
    """Says what to type, if this role may not work with them.

    Raises:
        StoreUnwritable: it may not.
    """
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        raise StoreUnwritable(
            f"schema {SCHEMA} cannot be used by this role", str(error), "amphibus db create"
        ) from error


async def share_peers(raw: Any, roles: Iterable[str]) -> None:
    """Makes them and lets roles, quoted, work with them, as somebody who belongs to no module."""
    await raw.execute(_MAKE)
    await raw.execute(_TAKE_OVER)
    for role in roles:
        await raw.execute(_GRANT.format(role=role))


async def announce(raw: Any, own: Sequence[Announced], *, lease: int) -> None:
    """Says that our processes can be asked there for `lease` microseconds more; removes those of ours that ended."""
    await raw.executemany(_ANNOUNCE, [(*each, lease) for each in own])
    await raw.execute(
        f"DELETE FROM {SCHEMA}.address WHERE module = ANY($1::text[]) AND until < {NOW}",
        [each.module for each in own],
    )


async def withdraw(raw: Any, gone: Sequence[Announced]) -> None:
    """Says that processes of ours cannot be asked any more."""
    statement = f"DELETE FROM {SCHEMA}.address WHERE module = $1 AND instance = $2"
    await raw.executemany(statement, [(each.module, each.instance) for each in gone])


async def announced(raw: Any) -> list[Announced]:
    """Returns all that are there, by the database's clock."""
    rows = await raw.fetch(
        f"SELECT module, instance, host, port, machine FROM {SCHEMA}.address WHERE until > {NOW}"
    )
    return [Announced(*row) for row in rows]


async def pair_keys(raw: Any) -> dict[frozenset[str], str]:
    """Returns the keys of the pairs that our role may see."""
    rows = await raw.fetch(f"SELECT one, other, key FROM {SCHEMA}.pair_key")
    return {frozenset((row[0], row[1])): str(row[2]) for row in rows}


async def add_pair_keys(raw: Any, keys: Mapping[frozenset[str], str]) -> None:
    """Adds keys of pairs that have none; the first one stays."""
    rows = [(min(pair), max(pair), key) for pair, key in keys.items()]
    await raw.executemany(
        f"INSERT INTO {SCHEMA}.pair_key (one, other, key) VALUES ($1, $2, $3)"
        " ON CONFLICT (one, other) DO NOTHING",
        rows,
    )
