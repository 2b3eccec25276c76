"""Several instances of a module find the same later command due: it is sent once."""

from datetime import timedelta
from pathlib import Path

import pytest

from amphibus.database.later import later_due, take_later
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from amphibus.unit_of_work.transaction import Transaction

pytestmark = pytest.mark.asyncio


async def test_a_later_command_is_taken_once(office: Office) -> None:
    """Each has read it before the other's commit: the second finds it gone."""
    async with office.open() as shop:
        await shop.request(desk.Remind(book="b", line=1, minutes=60))
        hosted = shop.host.modules["desk"]
        due = shop.clock.now() + 2 * 3600 * 1_000_000
        (found,) = await later_due(hosted.store.reader, due, limit=10, only="")

        async def take(transaction: Transaction) -> bool:
            return await take_later(transaction.sql, found)

        assert [await hosted.writer.submit(take) for _ in "12"] == [True, False]


@pytest.mark.full
async def test_each_instance_sends_those_of_its_partitions(office: Office, tmp_path: Path) -> None:
    books = [f"b{number}" for number in range(12)]
    other = Office("memory", tmp_path / "other", db_url=office.db_url)
    async with office.open() as one, other.open() as two:
        shares = [each.host.modules["desk"].assignment for each in (one, two)]
        await until(lambda: [len(share.owned) for share in shares] == [1, 1])
        for book in books:
            await one.send(desk.Remind(book=book, line=1, minutes=60))
        await until(lambda: office.count("desk", "amphibus_later") == len(books))
        for shop in (one, two):
            shop.clock.advance(timedelta(minutes=61))
            shop.host.wake()
        await until(lambda: len(office.lines("archive")) == len(books))
        for shop in (one, two):
            await shop.settle()

    assert sorted(office.lines("archive")) == [(book, 1, "filed") for book in sorted(books)]
