"""The views of modules' stores that an operator's commands look through: each answers system contracts.

A module that runs answers by itself; of one that does not, its database is read. Both run the same statements.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Protocol, TypeVar

from amphibus.admin.stores import AdminStore, Stores
from amphibus.contract import Query, Value
from amphibus.database.answers.acting import Acting, ContractOf, unknown
from amphibus.database.answers.table import answer
from amphibus.database.sql import Sql
from amphibus.partitions.assignment import partition_of

AnswerT = TypeVar("AnswerT", bound=Value)


class View(Protocol):
    """One module's store, as it is seen."""

    async def ask(self, query: Query[AnswerT]) -> AnswerT:
        """Asks for something that the store knows.

        Raises:
            StoreError: it cannot be read.
            RequestError: the module runs and does not answer.
        """
        ...


Views = Mapping[str, View]
"""By module."""


class StoreAtRest:
    """Reads a store itself; all that is asked is of one moment. Lives as long as the stack that it was given."""

    def __init__(self, store: AdminStore, stack: AsyncExitStack, contract_of: ContractOf) -> None:
        self._store = store
        self._stack = stack
        place = partial(partition_of, count=store.partitions)
        self._acting = Acting(0, place, contract_of)
        self._sql: Sql | None = None

    async def ask(self, query: Query[AnswerT]) -> AnswerT:
        """Answers as the module itself would."""
        if self._sql is None:
            self._sql = await self._stack.enter_async_context(self._store.reading())
        return await answer(self._sql, query, self._acting)


@asynccontextmanager
async def at_rest(stores: Stores, contract_of: ContractOf = unknown) -> AsyncIterator[Views]:
    """The views of stores that are read, whoever works with them; payloads are shown as their contracts allow."""
    async with AsyncExitStack() as stack:
        yield {module: StoreAtRest(store, stack, contract_of) for module, store in stores.items()}
