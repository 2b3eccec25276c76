"""The tables that an application keeps in its own database, beside its own tables.

`create_tables` makes them; called from a migration of the application, it is one of its steps.
"""

import hashlib
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Text,
    event,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column

_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")


class _Tables(DeclarativeBase):
    """The tables of an application; a registry of their own, so that they meet none of its classes."""


class OutgoingMessage(_Tables):
    """A command that the application has sent, until its receiver's queue has it. A row is a message that waits."""

    __tablename__ = "amphibus_outgoing"

    seq: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=True)
    """Grows; of one key, in the order of the commits."""
    source: Mapped[str] = mapped_column(String(128))
    destination: Mapped[str] = mapped_column(String(128))
    id: Mapped[str] = mapped_column(String(128))
    type: Mapped[str] = mapped_column(String(255))
    key: Mapped[str | None] = mapped_column(Text)
    time: Mapped[int] = mapped_column(BigInteger)
    """Microseconds since the epoch."""
    correlation: Mapped[str] = mapped_column(String(255))
    causation: Mapped[str | None] = mapped_column(String(255))
    trace: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("amphibus_outgoing_destination", "source", "destination", "seq"),
        {"sqlite_autoincrement": True},
    )


class IncomingMessage(_Tables):
    """A message that the application has taken, so that it is done once; or given up, with the reason and its body."""

    __tablename__ = "amphibus_incoming"

    receiver: Mapped[str] = mapped_column(String(128))
    source: Mapped[str] = mapped_column(String(129))
    id: Mapped[str] = mapped_column(String(128))
    taken: Mapped[int] = mapped_column(BigInteger, index=True)
    """Microseconds since the epoch."""
    type: Mapped[str] = mapped_column(String(255))
    error: Mapped[str | None] = mapped_column(Text)
    """Why it was given up; null if it was handled."""
    body: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (PrimaryKeyConstraint("receiver", "source", "id"),)


class RelayLease(_Tables):
    """The relay that works for a source, of those that run. It spares repetitions; nothing relies on it."""

    __tablename__ = "amphibus_relay_lease"

    source: Mapped[str] = mapped_column(String(128), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[int] = mapped_column(BigInteger)


metadata: Final[MetaData] = _Tables.metadata
"""For Alembic: `target_metadata = [Base.metadata, metadata]`."""


def create_tables(connection: Connection) -> None:
    """Creates what is missing; on an async connection: `await connection.run_sync(create_tables)`."""
    metadata.create_all(connection)


@event.listens_for(OutgoingMessage, "before_insert")
def _in_turn(_mapper: Mapper[Any], connection: Connection, message: OutgoingMessage) -> None:
    """Lets a transaction that sends for the same key wait, so that numbers are given in the order of the commits.

    SQLite has one writer, and needs no lock. On PostgreSQL it ends with the transaction.
    """
    if message.key is not None and connection.dialect.name == "postgresql":
        named = f"amphibus\x1f{message.source}\x1f{message.destination}\x1f{message.key}"
        lock = int.from_bytes(hashlib.sha256(named.encode()).digest()[:8], signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
