"""Acts on a module's store that the module itself does while it runs: here for one of which nothing runs."""

from functools import partial
from typing import TypeVar

from amphibus.admin.stores import AdminStore
from amphibus.contract import Command, Value
from amphibus.database.acting.operations import operation_of
from amphibus.database.acting.retrying import Overtaken
from amphibus.database.acting.steps import AT_ONCE, Step, overtaken_of, step
from amphibus.database.answers.acting import Acting, ContractOf, unknown
from amphibus.database.answers.table import act
from amphibus.module import PersonalRows
from amphibus.partitions.assignment import partition_of

AnswerT = TypeVar("AnswerT", bound=Value)


async def act_at_rest(
    store: AdminStore,
    wanted: Command[AnswerT],
    contract_of: ContractOf = unknown,
    personal: tuple[PersonalRows, ...] = (),
) -> AnswerT:
    """Does what a system contract asks, as the module would.

    Raises:
        KeyError: only the module's own handlers do that.
        RequestFailed: there is nothing that it could be done to.
        StoreError: the store cannot be written.
    """
    async with store.writing() as sql:
        place = partial(partition_of, count=store.partitions)
        return await act(sql, wanted, Acting(await store.now(sql), place, contract_of, personal))


class OperationAtRest:
    """Goes on with an operation where nothing runs that would. Lives as long as the command that does it."""

    def __init__(self, store: AdminStore, identity: str) -> None:
        self._store = store
        self._identity = identity
        self._overtaken: Overtaken | None = None

    async def step(self) -> Step:
        """Goes on with some letters, in one transaction.

        Raises:
            StoreError: the store cannot be written.
        """
        async with self._store.writing() as sql:
            operation = await operation_of(sql, self._identity)
            if self._overtaken is None and operation and not operation.collecting:
                self._overtaken = await overtaken_of(sql, operation)
            return await step(
                sql,
                self._identity,
                most=AT_ONCE,
                overtaken=self._overtaken or Overtaken(()),
                partition_of=partial(partition_of, count=self._store.partitions),
                now=await self._store.now(sql),
            )
