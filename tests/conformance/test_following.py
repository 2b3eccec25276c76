"""Promise 9 and 10: a flow can be followed, and what is received is a copy."""

import pytest
from pydantic import ValidationError

from amphibus.context import Context
from amphibus.messages.envelope import Envelope
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.archive import v1 as archive
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office

pytestmark = pytest.mark.asyncio


async def test_correlation_causation_and_trace_go_through_every_hop(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1), message_id="root")
        await shop.settle()
        by_type = {each.type: each for each in shop.outgoing()}
        root, heard, copy = (
            by_type[each.contract_type] for each in (desk.Write, desk.Written, archive.File)
        )

        assert (root.correlation, root.causation) == ("root", None)
        assert (heard.correlation, heard.causation) == ("root", "root")
        assert (copy.correlation, copy.causation) == ("root", "root")
        assert {each.trace[3:35] for each in (root, heard, copy)} == {root.trace[3:35]}
        assert len({each.trace[36:52] for each in (root, heard, copy)}) == 3
        for row in (*shop.inbox("archive"), *shop.inbox("readers")):
            assert (row["correlation"], row["causation"]) == ("root", "root")


async def test_a_deadline_belongs_to_the_flow_that_set_it(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Lend(book="b"), message_id="root")
        await shop.settle()
        await shop.advance(days=9)

        (missed,) = [each for each in shop.outgoing() if each.type == desk.Missed.contract_type]
        assert missed.correlation == "root"


async def test_a_retry_keeps_its_place_in_the_flow(office: Office) -> None:
    async with office.open(quick_retries=0) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="fail 2"), message_id="root")
        await shop.settle()
        await shop.advance(minutes=1)
        await shop.advance(minutes=1)
        (heard,) = [each for each in shop.outgoing() if each.type == desk.Written.contract_type]

        assert (heard.correlation, heard.causation) == ("root", "root")


async def test_no_handler_can_change_what_another_sees(office: Office) -> None:
    """The first subscriber tries everything; the second sees what was said."""
    seen: list[tuple[str, Envelope]] = []

    async def meddle(message: desk.Written, context: Context) -> None:
        for change in ({"book": "changed"}, {"mood": "changed"}):
            with pytest.raises(ValidationError):
                message.__setattr__(*next(iter(change.items())))
        with pytest.raises(TypeError):
            context.envelope.extra["changed"] = "yes"  # type: ignore[index]
        seen.append((message.book, context.envelope))

    async def look(message: desk.Written, context: Context) -> None:
        seen.append((message.book, context.envelope))

    business = project(hear=meddle, read=look)
    async with office.open(business=business) as shop:
        for line in (1, 2):
            await shop.send(desk.Write(book="b", line=line))
            await shop.settle()

    assert [book for book, _ in seen] == ["b"] * 4
    assert [dict(envelope.extra) for _, envelope in seen] == [{}] * 4
