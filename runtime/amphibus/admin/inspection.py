"""Looks into modules' databases, as a test does between two steps: at once, with nothing to await.

What is seen is what is committed, in a file or on a server, beside whoever works with it.
"""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from amphibus.config.settings import Settings

_BUSY_SECONDS = 10.0


def look_into(module: str, settings: Settings, statement: str) -> list[Any]:
    """All rows of a query to the database that a module has by these settings.

    Each is a sequence of values and a mapping from the names of the columns.
    """
    if settings.db_url is None:
        return in_file(settings.data_dir / f"{module}.db", statement)
    return on_server(settings.db_url.get_secret_value(), module, statement)


def in_file(path: Path, statement: str, *values: Any) -> list[Any]:
    """All rows of a query to a SQLite file."""
    place = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(place, uri=True, timeout=_BUSY_SECONDS)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(statement, values).fetchall()


def on_server(url: str, schema: str, statement: str, *values: Any) -> list[Any]:
    """All rows of a statement to a schema of a PostgreSQL database, which is committed where it changes something."""
    with ThreadPoolExecutor(1) as apart:  # the caller may have a running loop
        return apart.submit(asyncio.run, _ask(url, schema, statement, *values)).result()


async def _ask(url: str, schema: str, statement: str, *values: Any) -> list[Any]:
    from amphibus.admin.server import connected
    from amphibus.database.postgres.sql import PostgresSql

    async with connected(url, search_path=schema) as connection:
        return [*await PostgresSql(connection).rows(statement, *values)]
