"""The processes of a module as operators list them: what each waits for, and which of them are stuck."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from amphibus.admin.views import View
from amphibus.messages.contracts.amphibus.answers import HandledStep, ProcessStanding
from amphibus.messages.contracts.amphibus.v1 import MOST_ROWS, ListProcesses, ListSteps
from amphibus.process import Process

_PAGES: Final = 4
"""Of handled messages, from which it is known how long processes usually stand in a state."""
_NEWEST: Final = 1 << 62
_SHARE: Final = 0.99
_LEAST: Final = 1_000_000
_UNKNOWN: Final = 60_000_000
"""Microseconds after which one counts as stuck in a state that none has left lately."""


class Narrowed(NamedTuple):
    """The processes that are wanted."""

    states: tuple[str, ...] = ()
    key: str | None = None
    before: int | None = None


async def standing(
    view: View, process: Process, narrowed: Narrowed
) -> AsyncIterator[ProcessStanding]:
    """Yields the processes that have not ended, those first that have stood still longest."""
    asked = ListProcesses(
        process=process.name,
        states=narrowed.states,
        key=narrowed.key,
        before=narrowed.before,
        deadlines=tuple(sorted(process.deadlines)),
        limit=MOST_ROWS,
    )
    while True:
        page = (await view.ask(asked)).processes
        for each in page:
            yield each
        if len(page) < MOST_ROWS:
            return
        last = page[-1]
        asked = asked.model_copy(
            update={
                "after_since": last.since,
                "after_process": last.process,
                "after_key": last.key,
            }
        )


def waits_for(process: Process, state: str) -> list[str]:
    """Returns the types of the messages that move a process on from a state."""
    return [each.contract.contract_type for each in process.state(state).on]


async def usual_times(view: View, process: Process) -> dict[str, int]:
    """Returns how long nearly all processes stood in each state, microseconds, by what was handled last.

    The time between two messages of one key counts for the states that the second of them ends.
    """
    known = {each.contract_type for each in process.contracts}
    ends: dict[str, list[int]] = {}
    before: dict[str, HandledStep] = {}
    for step in await _steps(view):
        if step.type in known:
            later = before.get(step.key)
            if later is not None:
                ends.setdefault(later.type, []).append(later.handled - step.handled)
            before[step.key] = step
    return {state.name: _usual(state.on, ends) for state in process.states if not state.final}


async def _steps(view: View) -> list[HandledStep]:
    """Returns what was handled last, newest first."""
    found: list[HandledStep] = []
    at = seq = _NEWEST
    for _ in range(_PAGES):
        page = (await view.ask(ListSteps(at=at, seq=seq, limit=MOST_ROWS))).steps
        found += page
        if len(page) < MOST_ROWS:
            break
        at, seq = page[-1].handled, page[-1].seq
    return found


def _usual(whens: Sequence[Any], ends: Mapping[str, list[int]]) -> int:
    spans = sorted(span for when in whens for span in ends.get(when.contract.contract_type, ()))
    if not spans:
        return _UNKNOWN
    return max(_LEAST, spans[min(len(spans) - 1, int(len(spans) * _SHARE))])
