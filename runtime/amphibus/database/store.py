"""The seam between a module and its database: what the runtime needs of any of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.database.faults import StoreHealth
from amphibus.database.sql import Sql


class Connection(Protocol):
    """One connection: the runtime's statements and a handler's session share its transactions."""

    @property
    def bound(self) -> AsyncConnection:
        """SQLAlchemy's view of it."""
        ...

    @property
    def sql(self) -> Sql:
        """The runtime's statements."""
        ...

    @property
    def session(self) -> AsyncSession:
        """A handler's session."""
        ...

    @property
    def in_transaction(self) -> bool:
        """Returns whether a transaction is open."""
        ...

    async def begin(self) -> None:
        """Begins to write."""
        ...

    @property
    def begun(self) -> bool:
        """Returns whether a commit has begun another transaction, which has done nothing yet."""
        ...

    @property
    def overrun(self) -> bool:
        """Returns whether a statement was refused because it was read without a snapshot."""
        ...

    @property
    def undoes(self) -> bool:
        """Returns whether one of several units is worth a savepoint; if not, `undo` undoes the transaction."""
        ...

    @property
    def is_remote(self) -> bool:
        """Returns whether each statement is a round trip to a server."""
        ...

    @property
    def slice_seconds(self) -> float:
        """Returns how long one transaction may take in more units."""
        ...

    async def savepoint(self) -> None:
        """Returns where `undo` goes back to."""
        ...

    async def undo(self) -> None:
        """Takes back what was done since the savepoint, and goes on."""
        ...

    async def commit(self, *, more: bool = False) -> None:
        """Makes it durable; may begin another transaction with it if `more` waits to be done."""
        ...

    async def roll_back(self) -> None:
        """Undoes it, whatever state it is in. The session is a new one afterwards."""
        ...


Migrate = Callable[["Store"], Awaitable[None]]


class Store(Protocol):
    """A module's database. Lives as long as its module is hosted."""

    @property
    def module(self) -> str:
        """The module that it belongs to."""
        ...

    @property
    def where(self) -> str:
        """Returns how a message to the user names it; without a password."""
        ...

    @property
    def health(self) -> StoreHealth:
        """The reports about it when it cannot be used."""
        ...

    @property
    def writer(self) -> Connection:
        """The one that changes are made on."""
        ...

    @property
    def reader(self) -> Sql:
        """Sees what is committed, outside every transaction."""
        ...

    async def renew_writer(self) -> None:
        """Gives up the connection that changes are made on, in whatever state it is, for a new one."""
        ...

    async def open(self, migrate: Migrate | None = None, *, upgrade: bool = False) -> None:
        """Takes the database for this instance and creates its tables.

        Those of an older version are brought to this one: in a file always, on a server with `upgrade`.

        Raises:
            StoreError: it cannot be used.
        """
        ...

    async def migrate(self, migrate: Migrate) -> None:
        """Brings the module's own tables up to date; an error closes the database.

        Raises:
            StoreError: as `open`.
        """
        ...

    async def close(self) -> None:
        """Gives it back."""
        ...

    async def take_reader(self, *, snapshot: bool = True) -> Connection:
        """A read-only connection, to be handed back with `give_back_reader`.

        All its statements see one state of the database. Without `snapshot` it may be one that refuses the second
        of them, where that is cheaper.
        """
        ...

    async def give_back_reader(self, connection: Any) -> None:
        """Ends the snapshot."""
        ...

    async def begin_alone(self) -> None:
        """Begins to write, once no other instance of the module is between here and its commit."""
        ...


@asynccontextmanager
async def writing_alone(store: Store) -> AsyncIterator[Sql]:
    """A write transaction beside which no instance of the module commits; rolled back on any error."""
    await store.begin_alone()
    try:
        yield store.writer.sql
        await store.writer.commit()
    except BaseException:
        await store.writer.roll_back()
        raise


class UnitFailed(Exception):
    """The transaction of a unit of work was rolled back because of it."""

    def __init__(self) -> None:
        super().__init__("a handler committed or rolled back by itself")
