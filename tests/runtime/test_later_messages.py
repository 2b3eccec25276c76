"""A later message is checked when it is sent, like any other."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amphibus.context import Context
from amphibus.errors import AmphibusError, HandlerEnded, Oversized, Undeclared
from amphibus.messages.envelope import Envelope
from amphibus.testing.conformance.contracts.archive import v1 as archive
from amphibus.testing.conformance.contracts.desk import v1 as desk

FILE = archive.File(book="b", line=1)
HOUR = timedelta(hours=1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
_CAUSE = Envelope(
    id="i",
    type="desk.Remind.v1",
    source="gateway",
    key="b",
    time=0,
    correlation="i",
    causation=None,
    trace="",
    body=b"",
)


@pytest.fixture
def context() -> Context[Any]:
    return Context(
        envelope=_CAUSE,
        container=None,
        db=None,  # type: ignore[arg-type]
        now=NOW,
        declared=frozenset((archive.File, desk.Remind)),
        body_limit=100,
    )


def test_after_is_counted_from_now_and_at_is_an_instant(context: Context[Any]) -> None:
    context.send(FILE, after=HOUR, name="a")
    context.send(FILE, at=NOW + 2 * HOUR, name="b")

    dues = {name: each.due for (name, _), each in context.later.items() if each is not None}
    assert dues == {"a": NOW + HOUR, "b": NOW + 2 * HOUR}
    assert context.outgoing == []


def test_what_a_command_sends_to_its_own_module_comes_a_second_later_at_the_earliest(
    context: Context[Any],
) -> None:
    """Else it could send itself again and again, as fast as the database commits."""
    again = desk.Remind(book="b")
    context.send(again, after=timedelta(), name="at once")
    context.send(again, at=NOW - HOUR, name="before")
    context.send(again, after=HOUR, name="later")
    context.send(FILE, after=timedelta(), name="elsewhere")

    dues = {name: each.due for (name, _), each in context.later.items() if each is not None}
    soon = NOW + timedelta(seconds=1)
    assert dues == {"at once": soon, "before": soon, "later": NOW + HOUR, "elsewhere": NOW}


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({"name": "a"}, "it needs one of them"),
        ({"after": HOUR, "at": NOW}, "it needs one of them"),
        ({"at": NOW.replace(tzinfo=None)}, "with its time zone"),
        ({"after": HOUR, "name": ""}, "a name stands for one later command"),
    ],
)
def test_a_time_or_a_name_that_means_nothing_is_refused(
    context: Context[Any], when: dict[str, Any], why: str
) -> None:
    with pytest.raises(AmphibusError, match=why):
        context.send(FILE, **when)

    assert context.outgoing == []
    assert context.later == {}


def test_a_name_stands_for_one_command(context: Context[Any]) -> None:
    with pytest.raises(AmphibusError, match="2 commands were sent under the name 'a'"):
        context.send(FILE, FILE, after=HOUR, name="a")
    context.send(FILE, FILE, after=HOUR)

    assert len(context.later) == 2


def test_it_must_be_declared_and_fit_like_any_other(context: Context[Any]) -> None:
    with pytest.raises(Undeclared):
        context.send(desk.Lend(book="b"), after=HOUR)
    with pytest.raises(Oversized):
        context.send(archive.File(book="b" * 100, line=1), after=HOUR)
    context.end()
    with pytest.raises(HandlerEnded):
        context.send(FILE, after=HOUR)
    with pytest.raises(HandlerEnded):
        context.recall("a")

    assert context.later == {}
