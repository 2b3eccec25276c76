"""Several versions of a contract at once, by declared converters; an unknown one waits for a human."""

import pytest

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.contracts.desk import v2 as desk2
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


async def test_an_old_command_is_still_accepted(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Paint(book="a", dark=True), desk2.Paint(book="b", colour="red"))
        await shop.settle()

    assert sorted(office.lines("desk")) == [("a", 0, "black"), ("b", 0, "red")]


async def test_each_subscriber_hears_the_version_that_it_knows(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk2.Paint(book="a", colour="black"), desk2.Paint(book="b", colour="red"))
        await shop.settle()

    assert sorted(office.lines("archive")) == [("a", 0, "black"), ("b", 0, "red")]
    assert sorted(office.lines("readers")) == [("a", 0, "dark"), ("b", 0, "light")]


async def test_old_and_new_versions_of_a_key_keep_their_order(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(
            desk.Paint(book="b"), desk2.Paint(book="b", colour="red"), desk.Paint(book="b")
        )
        await shop.settle()

    assert office.lines("desk") == [("b", 0, "grey"), ("b", 0, "red"), ("b", 0, "grey")]


async def test_what_an_unknown_version_needs_is_said(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        office.change("gateway", "UPDATE amphibus_outbox SET type = 'desk.Write.v9', id = 'new'")
        office.change(
            "gateway",
            "INSERT INTO amphibus_delivery (destination, seq) SELECT 'desk', seq FROM amphibus_outbox",
        )
        shop.host.wake()
        await until(lambda: office.count("desk", "amphibus_dead"))
        (letter,) = shop.dead("desk")

        assert "desk.Write.v9" in letter["error"]
        assert "desk.Write.v1" in letter["error"]
        assert "converter" in letter["error"]
