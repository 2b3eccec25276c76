"""Instances that work on a module's schema, and the partitions that each holds.

Every statement on `amphibus_instance` and `amphibus_lease` stands here, except the one that each commit asks with
what it asks of its messages: that is in `sql`.
"""

from typing import Any, Final, NamedTuple

from amphibus.database.postgres.connection import PostgresConnection
from amphibus.database.postgres.sql import NOW
from amphibus.database.sql import Sql

_ONE_AFTER_THE_OTHER: Final = (
    "BEGIN ISOLATION LEVEL READ COMMITTED;"
    # Who is frozen meanwhile loses the lock, before those that wait for it give up.
    " SET LOCAL idle_in_transaction_session_timeout = '1s'; SET LOCAL lock_timeout = '3s'"
)
_MAKE_PARTITIONS: Final = (
    "INSERT INTO amphibus_lease (partition, owner, token, until)"
    " SELECT number, NULL, 0, 0 FROM generate_series(0, ?::bigint - 1) AS number"
    " ON CONFLICT (partition) DO NOTHING"
)
_IN_ONE_PROCESS: Final = "memory"
"""The transport of a process that has all modules."""
_REGISTER: Final = f"INSERT INTO amphibus_instance (id, transport, until) VALUES (?, ?, {NOW} + ?)"
_LET_NOBODY_COMMIT: Final = (
    "UPDATE amphibus_instance SET id = id || '+'",
    "UPDATE amphibus_instance SET id = left(id, -1)",
)
_CLAIM: Final = (
    "UPDATE amphibus_lease SET owner = ?, token = token + 1 WHERE partition IN"
    " (SELECT partition FROM amphibus_lease WHERE owner IS NULL ORDER BY partition LIMIT ?"
    " FOR UPDATE SKIP LOCKED) RETURNING partition, token"
)


class Instance(NamedTuple):
    """An instance that is to be registered: it lives for `lease` microseconds each time that it says so."""

    id: str
    transport: str
    lease: int
    partitions: int


class OtherInstance(NamedTuple):
    """An instance that runs in another mode."""

    id: str
    until: int
    transport: str


class LeasedPartition(NamedTuple):
    """A partition with the token that it is held under."""

    partition: int
    token: int


async def register_alone(
    connection: PostgresConnection, module: str, instance: Instance
) -> list[OtherInstance]:
    """Writes down an instance and the partitions that there are, unless others run in another mode; returns those.

    The instances of a module do this one after the other: two that look before they write would both find nobody.
    """
    sql = connection.sql
    await connection.begin(_ONE_AFTER_THE_OTHER, armed=False)
    try:
        await sql.run("SELECT pg_advisory_xact_lock(hashtext(?))", f"amphibus.{module}.instances")
        others = await _other_instances(sql, instance.transport)
        if not others:
            await sql.run(_MAKE_PARTITIONS, instance.partitions)
            await sql.run(_REGISTER, instance.id, instance.transport, instance.lease)
        await connection.commit()
    except BaseException:
        await connection.roll_back()
        raise
    return others


async def renew_instance(sql: Sql, instance: str, *, lease: int) -> int | None:
    """Says that an instance lives; returns the server's time, or None if it was struck off."""
    row = await sql.row(
        f"UPDATE amphibus_instance SET until = {NOW} + ? WHERE id = ? RETURNING {NOW}",
        lease,
        instance,
    )
    return None if row is None else int(row[0])


async def remove_instance(sql: Sql, instance: str) -> None:
    """Frees an instance's partitions and removes it."""
    await sql.run("UPDATE amphibus_lease SET owner = NULL WHERE owner = ?", instance)
    await sql.run("DELETE FROM amphibus_instance WHERE id = ?", instance)


async def _other_instances(sql: Sql, transport: str) -> list[OtherInstance]:
    rows = await sql.rows(
        "SELECT id, until, transport FROM amphibus_instance WHERE transport <> ?", transport
    )
    return [OtherInstance(*row) for row in rows]


async def instance_ids(sql: Sql) -> list[str]:
    """All instances, in the order of their ids."""
    return [row[0] for row in await sql.rows("SELECT id FROM amphibus_instance ORDER BY id")]


async def claim_partitions(sql: Sql, instance: str, *, wanted: int) -> list[LeasedPartition]:
    """Gives an instance some partitions that are free, under new tokens."""
    return [LeasedPartition(*row) for row in await sql.rows(_CLAIM, instance, wanted)]


async def release_partition(sql: Sql, partition: int, instance: str) -> None:
    """Frees a partition of an instance."""
    await sql.run(
        "UPDATE amphibus_lease SET owner = NULL WHERE partition = ? AND owner = ?",
        partition,
        instance,
    )


async def let_nobody_commit(sql: Sql) -> None:
    """Waits for the transactions of all instances, and makes those rerun that have looked already.

    Each holds its instance's key. That is what a file's one writer is, so that a repair needs no more care
    on a server than in a file.
    """
    for statement in _LET_NOBODY_COMMIT:
        await sql.run(statement)


async def count_alive(raw: Any, module: str) -> int:
    """Returns how many instances work on a module's schema; 0 if it has no such table."""
    return await _count_alive(raw, module, "true")


async def count_over_a_broker(raw: Any, module: str) -> int:
    """Returns how many of them run it as a process of its own, and not with all others in one."""
    return await _count_alive(raw, module, f"transport <> '{_IN_ONE_PROCESS}'")


async def _count_alive(raw: Any, module: str, which: str) -> int:
    table = f'"{module}".amphibus_instance'
    if not await raw.fetchval("SELECT to_regclass($1)", table):
        return 0
    alive = f"SELECT count(*) FROM {table} WHERE until > {NOW} AND {which}"
    return int(await raw.fetchval(alive))
