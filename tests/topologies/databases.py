"""Databases of the tests' own server, made and removed."""

import asyncio

import asyncpg

from tests.services.postgres import PostgresCluster


def make_database(server: PostgresCluster, name: str) -> str:
    """Makes an empty database; returns its URL."""
    asyncio.run(_execute(server, f'CREATE DATABASE "{name}"'))
    return server.url(name)


def drop_database(server: PostgresCluster, name: str) -> None:
    """Removes a database, whoever is connected."""
    asyncio.run(_execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


async def _execute(server: PostgresCluster, statement: str) -> None:
    connection = await asyncpg.connect(server.url(), timeout=100)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
