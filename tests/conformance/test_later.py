"""Facts about commands that are sent later, on every transport."""

import pytest

from amphibus.database.counts import waiting_counts
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.later import *  # noqa: F403
from amphibus.testing.conformance.office import Office
from amphibus.unit_of_work.transaction import Transaction

pytestmark = pytest.mark.asyncio


async def test_a_commit_that_fails_sends_a_later_command_neither_twice_nor_never(
    office: Office,
) -> None:
    tries: list[int] = []

    def fail_twice(transaction: Transaction) -> None:
        if not transaction.write_set.outbox:
            return  # what the module notes beside it
        tries.append(len(transaction.write_set.outbox))
        if len(tries) <= 2:
            raise ConnectionResetError

    async with office.open(poll_seconds=0.01) as shop:
        await shop.request(desk.Remind(book="b", line=1, minutes=60))
        shop.host.modules["desk"].writer.before_commit.append(fail_twice)
        await shop.advance(minutes=61)

    assert tries[:3] == [1, 1, 1]
    assert office.numbers("archive", "b", "filed") == [1]


async def test_they_are_counted(office: Office) -> None:
    async with office.open() as shop:
        await shop.request(desk.Remind(book="b", line=1, minutes=60))

        assert (await waiting_counts(shop.host.modules["desk"].store.reader)).later == 1
