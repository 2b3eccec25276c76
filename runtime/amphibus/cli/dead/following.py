"""Follows an operation: its progress while it goes on, through restarts of the processes that do it, and its counts."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from amphibus.admin.views import Views
from amphibus.cli.output import CommandError, Exit, progress, rfc3339, show_json, typed
from amphibus.cli.views import Running, look
from amphibus.messages.contracts.amphibus.acting import OperationFacts
from amphibus.messages.contracts.amphibus.v1 import ListOperations

_LOOK_SECONDS: Final = 0.3
_PATIENCE_SECONDS: Final = 20.0
"""The time that a process gets to come back that went on with it."""
_DONE: Final = {"retry": "tried again", "discard": "given up"}


class InModule(NamedTuple):
    """An operation as one module has it."""

    module: str
    facts: OperationFacts
    runs: bool
    """A process of the module is there."""


async def facts_of_modules(
    identity: str, modules: Sequence[str], views: Views, *, outcomes: bool = False
) -> list[InModule]:
    """Returns an operation in each of some modules that has it."""
    found = []
    for module in modules:
        view = views[module]
        page = await view.ask(ListOperations(id=identity, outcomes=outcomes, limit=1))
        runs = isinstance(view, Running) and view.answers
        found += [InModule(module, each, runs) for each in page.operations]
    return found


def follow(place: tuple[Path | None, str | None], identity: str, modules: Sequence[str]) -> None:
    """Shows progress until an operation goes on in no module.

    Raises:
        CommandError: no process goes on with it.
    """
    advance, close = progress(0, "dead letters")
    shown, alone_since = 0, None
    try:
        while True:
            found = look(*place, partial(facts_of_modules, identity, modules))
            count = sum(each.facts.done + each.facts.skipped for each in found)
            advance(count - shown)
            shown = count
            going_on = [each for each in found if each.facts.state == "running"]
            if not going_on:
                return
            if any(each.runs for each in going_on):
                alone_since = None
            else:
                alone_since = alone_since or time.monotonic()
                _refuse_to_wait(identity, going_on, time.monotonic() - alone_since)
            time.sleep(_LOOK_SECONDS)
    finally:
        close()


def _refuse_to_wait(identity: str, going_on: Sequence[InModule], seconds: float) -> None:
    if seconds > _PATIENCE_SECONDS:
        names = ", ".join(each.module for each in going_on)
        raise CommandError(
            f"nothing runs {names}",
            "the operation goes on where it was once a process does",
            f"amphibus operations show {identity}",
            Exit.UNREACHABLE,
        )


def show_summary(identity: str, found: Sequence[InModule], *, as_json: bool) -> None:
    """Prints what an operation came to, in all modules together."""
    if as_json:
        rows = [{"module": each.module} | facts_as_json(each.facts) for each in found]
        show_json({"dry_run": False, "operation": identity, "modules": rows})
        return
    facts = [each.facts for each in found]
    verb = _DONE[facts[0].kind] if facts else "done"
    done, total = (sum(getattr(each, name) for each in facts) for name in ("done", "total"))
    skipped, again = (
        sum(getattr(each, name) or 0 for each in facts) for name in ("skipped", "again")
    )
    more = (f"{skipped:,} skipped", f"{again:,} dead again", f"{total - done - skipped:,} left")
    print(f"{done:,} of {total:,} messages {verb}; {', '.join(more)}")
    print(typed(f"next: amphibus operations show {identity}"))


def facts_as_json(facts: OperationFacts) -> dict[str, Any]:
    """Returns an operation for programs."""
    shown = facts.model_dump()
    shown["left"] = facts.total - facts.done - facts.skipped
    for name in ("began", "ended"):
        shown[name] = None if shown[name] is None else rfc3339(shown[name])
    return shown
