"""A step of a process answers its command with a value of its own, the same one however often it is asked."""

from dataclasses import replace
from typing import Any

import pytest

from amphibus.context import Context
from amphibus.errors import Refused, RequestFailed
from amphibus.module import on
from amphibus.process import When
from amphibus.routing.project import Project
from amphibus.testing.conformance.business import ROOT, contracts, loan, modules, renew
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from amphibus.testing.conformance.tables import Loan

pytestmark = pytest.mark.asyncio
RENEWED = desk.LoanView(book="b", state="renewed")


async def test_a_step_answers_with_the_row_in_its_new_state(office: Office) -> None:
    async with office.open() as shop:
        await shop.request(desk.Lend(book="b"))

        assert await shop.request(desk.Renew(book="b")) == RENEWED

    assert office.query("desk", "SELECT state FROM loan") == [("renewed",)]


async def test_the_same_message_asked_again_gets_the_same_answer(office: Office) -> None:
    """Even when the process has gone on meanwhile."""
    async with office.open() as shop:
        await shop.request(desk.Lend(book="b"))
        first = await shop.request(desk.Renew(book="b"), message_id="renewal")
        await shop.request(desk.Return(book="b"))

        assert await shop.request(desk.Renew(book="b"), message_id="renewal") == first == RENEWED

    assert office.script.renewals == 1


async def test_the_answer_outlives_a_restart(office: Office) -> None:
    async with office.open() as shop:
        await shop.request(desk.Lend(book="b"))
        await shop.request(desk.Renew(book="b"), message_id="renewal")
    async with office.open() as shop:
        assert await shop.request(desk.Renew(book="b"), message_id="renewal") == RENEWED

    assert office.script.renewals == 1


async def test_a_step_that_is_refused_answers_nothing(office: Office) -> None:
    async with office.open() as shop:
        with pytest.raises(Refused, match="not lent"):
            await shop.request(desk.Renew(book="b"))


async def chatty(message: desk.Renew, renewed: Loan, context: Context[Any]) -> desk.LoanView:
    """Says more than it should."""
    context.publish(desk.Missed(book=message.book))
    return desk.LoanView(book=renewed.book, state=renewed.state)


async def test_an_answer_that_publishes_fails_and_nothing_is_changed(office: Office) -> None:
    async with office.open(business=_with_answer(chatty)) as shop:
        await shop.request(desk.Lend(book="b"))
        with pytest.raises(RequestFailed, match="sent something"):
            await shop.request(desk.Renew(book="b"))

    assert office.query("desk", "SELECT state FROM loan") == [("lent",)]


def _with_answer(answer: Any) -> Project:
    """The tiny business, whose renewals are answered otherwise."""
    lent, *others = loan.states
    other = replace(lent, on=(When(desk.Renew, renew, to="renewed", answer=answer),))
    process = replace(loan, states=(other, *others))
    pages = [
        replace(
            page,
            handles=tuple(
                on(row.contract, process) if row.handler is loan else row for row in page.handles
            ),
        )
        for page in modules()
    ]
    return Project.declared(ROOT, contracts=contracts(), modules=pages)
