"""A process whose states or deadlines were renamed takes its rows over, or does not start while it would lose some."""

from dataclasses import replace
from typing import Any

import pytest

from amphibus.cli.check.data import left_behind_in
from amphibus.errors import StoreError
from amphibus.process import Process
from amphibus.routing.project import Project
from amphibus.testing.conformance.business import loan, project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office

pytestmark = pytest.mark.asyncio
MISSED = ("b", 0, "missed")


async def test_rows_in_a_renamed_state_are_taken_over(office: Office) -> None:
    await _lend(office, "b", "c")
    async with office.open(business=_renamed(takes_over={"lent": "out"})) as shop:
        assert office.query("desk", "SELECT DISTINCT state FROM loan") == [("out",)]
        await shop.request(desk.Return(book="c"))
        await shop.advance(days=8, minutes=1)

    assert office.lines("readers") == [MISSED]
    assert office.query("desk", "SELECT book, state FROM loan ORDER BY book") == [
        ("b", "missed"),
        ("c", "returned"),
    ]


async def test_it_refuses_to_start_while_rows_stand_in_a_state_that_it_does_not_know(
    office: Office,
) -> None:
    await _lend(office, "b", "c")
    lost = "process loan: 2 are in the state 'lent' (b, c)"
    with pytest.raises(StoreError) as refused:
        async with office.open(business=_renamed()):
            pass
    said = await left_behind_in(_renamed(), office.stores("desk"))

    assert refused.value.what == lost
    assert 'takes_over={"lent": "..."}' in refused.value.fix
    assert said == [
        f'module desk: {lost}; declare Process(name="loan", takes_over={{"lent": "..."}})'
    ]
    assert await left_behind_in(_renamed(takes_over={"lent": "out"}), office.stores("desk")) == []
    async with office.open() as shop:
        await shop.request(desk.Return(book="b"))


async def test_a_process_whose_table_is_not_there_yet_has_lost_nothing(office: Office) -> None:
    """Its first migration comes with the code that `check --against-data` is asked about."""
    await _lend(office)
    office.change("desk", "DELETE FROM amphibus_meta WHERE name = 'process loan'")
    office.change("desk", "ALTER TABLE loan RENAME TO later")

    assert await left_behind_in(project(), office.stores("desk")) == []
    async with office.open(business=_renamed(takes_over={"lent": "out"})) as shop:
        office.change("desk", "ALTER TABLE later RENAME TO loan")
        await shop.request(desk.Lend(book="b"))


async def test_a_renamed_deadline_keeps_its_time_even_while_it_is_delayed(office: Office) -> None:
    office.script.deadline_failures = 99
    await _lend(office, "b")
    async with office.open() as shop:
        await shop.advance(days=8, minutes=1)
        assert [each["type"] for each in shop.delayed("desk")] == ["timer:loan/overdue"]
        await shop.request(desk.Lend(book="c"))
    office.script.deadline_failures = 0
    with pytest.raises(StoreError, match="2 have the deadline 'overdue'"):
        async with office.open(business=_with_deadline("late")):
            pass
    async with office.open(business=_with_deadline("late", overdue="late")) as shop:
        await shop.advance(days=16, minutes=2)

    assert office.lines("readers") == [MISSED, ("c", 0, "missed")]


async def test_a_row_that_comes_into_a_state_with_a_deadline_gets_one(office: Office) -> None:
    await _lend(office, "b")
    async with office.open() as shop:
        await shop.request(desk.Renew(book="b"))
    lent, _, *ends = loan.states
    back, renew = lent.on
    states = (replace(lent, on=(back, replace(renew, to="lent"))), *ends)
    newer = replace(loan, states=states, version=2, takes_over={"renewed": "lent"})
    async with office.open(business=project(lending=newer)) as shop:
        await shop.advance(days=7)
        assert office.lines("readers") == []
        await shop.advance(days=1, minutes=1)

    assert office.lines("readers") == [MISSED]


async def test_code_of_an_older_version_refuses_to_start(office: Office) -> None:
    async with office.open(business=_renamed(takes_over={"lent": "out"})):
        pass
    with pytest.raises(StoreError, match="process loan has run as version 2"):
        async with office.open():
            pass


async def test_a_step_says_which_state_it_does_not_know(office: Office) -> None:
    """Another instance, or a statement by hand, may write one at any time."""
    await _lend(office, "b")
    office.change("desk", "UPDATE loan SET state = 'lnt'")
    async with office.open(quick_retries=0) as shop:
        await shop.send(desk.Return(book="b"))
        await shop.settle()
        (delayed,) = shop.delayed("desk")

    assert "process loan is in the state 'lnt', which its code does not know" in delayed["error"]


async def test_what_an_older_instance_writes_meanwhile_is_taken_over_when_it_is_read(
    office: Office,
) -> None:
    async with office.open(business=_renamed(takes_over={"lent": "out"})) as shop:
        await shop.request(desk.Lend(book="b"))
        office.change("desk", "UPDATE loan SET state = 'lent'")
        await shop.request(desk.Return(book="b"))

    assert office.query("desk", "SELECT state FROM loan") == [("returned",)]


async def _lend(office: Office, *books: str) -> None:
    async with office.open() as shop:
        for book in books:
            await shop.request(desk.Lend(book=book))


def _renamed(**takes_over: Any) -> Project:
    """The loan whose first state has another name."""
    lent, *others = loan.states
    (begins,) = loan.begins
    return _newer(
        replace(
            loan,
            begins=(replace(begins, to="out"),),
            states=(replace(lent, name="out"), *others),
        ),
        **takes_over,
    )


def _with_deadline(name: str, **taken: str) -> Project:
    """The loan whose deadline has another name."""
    lent, *others = loan.states
    assert lent.deadline is not None
    renamed = replace(lent, deadline=replace(lent.deadline, name=name))
    return _newer(replace(loan, states=(renamed, *others)), takes_over_deadlines=taken)


def _newer(process: Process, **taken: Any) -> Project:
    return project(lending=replace(process, version=2, **taken))
