"""The time of an application's database: programs on several machines agree on it, whatever their own clocks say."""

from sqlalchemy import BigInteger, ColumnElement, literal, literal_column
from sqlalchemy.ext.asyncio import AsyncSession

from amphibus.clock import SystemClock
from amphibus.database.postgres.sql import NOW


def now_in(session: AsyncSession) -> ColumnElement[int]:
    """Returns the time for a statement, in microseconds since the epoch. SQLite has that of its one machine."""
    if session.get_bind().dialect.name == "postgresql":
        return literal_column(NOW, BigInteger)
    return literal(SystemClock().now(), BigInteger)
