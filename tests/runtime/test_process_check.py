"""What cannot be answered by a process is found before it runs."""

from dataclasses import replace
from typing import Any

import pytest

from amphibus.process import Process, State, When
from amphibus.routing.process_check import problems_of_process
from amphibus.testing.conformance.business import as_it_stands, lend, loan, renew
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.tables import Loan

RENEWS = When(desk.Renew, renew, to="lent", answer=as_it_stands)


async def noted(_message: Any, _row: Loan, _context: Any) -> desk.Noted:
    """Answers what nobody asked for."""
    return desk.Noted(book="b", line=1)


def process(*on: When, ignores: tuple[Any, ...] = ()) -> Process:
    state = State(name="lent", on=on, ignores=ignores, waits="it is a test")
    begins = (When(desk.Lend, lend, to="lent"),)
    return Process(name="p", table=Loan, column="state", begins=begins, states=(state,))


def test_a_step_that_answers_what_it_should_is_right() -> None:
    assert list(problems_of_process(loan)) == []
    assert list(problems_of_process(process(RENEWS))) == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (
            process(replace(RENEWS, answer=None)),
            "process p, state 'lent': desk.Renew.v1 is never answered; its answer needs state: make it with `answer`",
        ),
        (
            process(replace(RENEWS, answer=noted)),
            "process p, state 'lent': desk.Renew.v1 is answered with Noted, not LoanView",
        ),
        (
            process(replace(RENEWS, contract=desk.Missed)),
            "process p, state 'lent': desk.Missed.v1 is an event, which nobody waits for; leave `answer` out",
        ),
        (
            process(replace(RENEWS, contract=desk.Return)),
            (
                "process p, state 'lent': desk.Return.v1 is a Command[None]; leave `answer` out, or declare what "
                "it is answered with"
            ),
        ),
        (
            process(When(desk.Missed, renew, to="lent"), ignores=(desk.Renew,)),
            (
                "process p, state 'lent': ignores desk.Renew.v1, whose answer needs state; give it a case with "
                "`answer`, or a refusal under `refuses`"
            ),
        ),
        (
            process(replace(RENEWS, to="lnt")),
            "process p: 'lnt' is not a state; the states are lent; did you mean lent?",
        ),
    ],
)
def test_what_cannot_be_answered_is_a_problem(wrong: Process, problem: str) -> None:
    assert list(problems_of_process(wrong)) == [problem]


def test_a_beginning_must_answer_too() -> None:
    begins = replace(process(), begins=(When(desk.Renew, lend, to="lent"),))
    assert (
        "process p: desk.Renew.v1 is never answered; its answer needs state: make it with `answer`"
        in set(problems_of_process(begins))
    )


@pytest.mark.parametrize(
    ("taken", "problem"),
    [
        (
            {"takes_over": {"lent": "lent"}},
            "takes over the state 'lent', which it still has; leave it out",
        ),
        (
            {"takes_over": {"old": "lnt"}},
            "takes over the state 'old' as 'lnt', which is none; there are lent; did you mean lent?",
        ),
        (
            {"takes_over_deadlines": {"old": "late"}},
            "takes over the deadline 'old' as 'late', which is none; there are none",
        ),
        (
            {"takes_over": {"old": "lent"}, "version": 1},
            "takes over states in its first version; say version=2",
        ),
    ],
)
def test_what_is_taken_over_is_gone_and_becomes_what_is_there(
    taken: dict[str, Any], problem: str
) -> None:
    newer = replace(process(RENEWS), **{"version": 2, **taken})
    assert list(problems_of_process(newer)) == [f"process p: {problem}"]
