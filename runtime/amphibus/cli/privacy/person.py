"""Looks for a person in the stores of all modules, and has each module replace what is personal."""

import json
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from amphibus.cli.output import CommandError
from amphibus.cli.views import Acts
from amphibus.database.persons.bodies import known_texts
from amphibus.database.persons.places import OF_MESSAGES
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.messages.contracts.amphibus.persons import Trace
from amphibus.messages.contracts.amphibus.v1 import (
    MOST_ROWS,
    MOST_UNDER_WAY,
    ErasePerson,
    ForgetPerson,
    TracePerson,
)

_MESSAGES: Final = (*OF_MESSAGES, "accepted")
_AUDIT: Final = "audit"
_PROCESS: Final = "process"


@dataclass(slots=True)
class Counts:
    """The things of one module that concern a person."""

    messages: int = 0
    rows: int = 0
    elsewhere: int = 0
    under_way: int = 0
    audited: int = 0
    whole: bool = True
    """False if pages with old values are still read by somebody."""


@dataclass(slots=True)
class Traces:
    """Everything that was found of a person."""

    subject: str
    by_module: dict[str, dict[tuple[str, str], Trace]] = field(default_factory=dict)

    @property
    def flows(self) -> list[tuple[str, str]]:
        """The flows that name the person, each with the key of what names it."""
        return sorted(
            {(each.flow, each.key or "") for each in self._all() if each.named and each.flow}
        )

    @property
    def values(self) -> tuple[str, ...]:
        """All texts that tell the person, as messages said them."""
        said = {
            json.loads(text) for each in self._all() for path, text in each.personal if not path
        }
        return tuple(sorted(known_texts(said - {self.subject}))[:MOST_ROWS])

    @property
    def under_way(self) -> tuple[str, ...]:
        """Flows and keys of which nothing may be erased yet.

        Raises:
            CommandError: they are too many to be told.
        """
        waiting = [each for each in self._all() if each.under_way]
        found = sorted({text for each in waiting for text in (each.flow, each.key) if text})
        if len(found) > MOST_UNDER_WAY:
            raise CommandError(
                f"{len(found):,} flows of this person are under way",
                "what is under way stays, and so many cannot be told to the modules",
                "amphibus db status",
            )
        return tuple(found)

    def counts(self) -> dict[str, Counts]:
        """Returns how much there is in each module, and how much of it is under way."""
        waits = frozenset(self.under_way)
        return {module: _counted(each.values(), waits) for module, each in self.by_module.items()}

    def as_json(self) -> dict[str, Any]:
        """Everything, for the person."""
        return {
            "subject": self.subject,
            "modules": {
                module: [_facts(each) for each in found.values() if each.place != _AUDIT]
                for module, found in self.by_module.items()
                if found
            },
        }

    def _all(self) -> Iterator[Trace]:
        return (each for found in self.by_module.values() for each in found.values())


async def search(
    acts: Acts, modules: Sequence[str], subject: str, reason: str, by: Operator
) -> Traces:
    """Finds what names a person, and then what belongs to that without a name."""
    traces = Traces(subject, {module: {} for module in modules})
    wanted = TracePerson(subject=subject, reason=reason, by=by)
    await _search(acts, wanted, traces)
    for flows in _chunks(traces.flows):
        await _search(acts, wanted.model_copy(update={"flows": flows}), traces)
    return traces


async def erase(
    acts: Acts, traces: Traces, reason: str, by: Operator
) -> tuple[str, dict[str, Counts]]:
    """Erases a person from all modules; returns the name that is left, and what was done in each.

    What has no name goes first in every module: it is found by the names that are left until then.
    """
    replacement = f"erased-{secrets.token_hex(6)}"
    about = ErasePerson(
        subject=traces.subject,
        replacement=replacement,
        values=traces.values,
        under_way=traces.under_way,
        named=False,
        reason=reason,
        by=by,
    )
    done = {
        module: Counts(under_way=each.under_way, audited=each.audited)
        for module, each in traces.counts().items()
    }
    for flows in _chunks(traces.flows):
        await _erase(acts, about.model_copy(update={"flows": flows}), done)
    await _forget(acts, about, done)
    await _erase(acts, about.model_copy(update={"named": True}), done)
    for module, counts in done.items():
        counts.whole = await acts.compact(module)
    return replacement, done


async def _erase(acts: Acts, wanted: ErasePerson, done: dict[str, Counts]) -> None:
    for module, counts in done.items():
        page = wanted
        while True:
            said = await acts.do(module, page)
            counts.messages += said.messages
            counts.rows += said.rows
            if not said.next_place:
                break
            page = page.model_copy(update={"place": said.next_place, "beyond": said.next_beyond})


async def _forget(acts: Acts, about: ErasePerson, done: dict[str, Counts]) -> None:
    wanted = ForgetPerson(
        subject=about.subject,
        replacement=about.replacement,
        values=about.values,
        reason=about.reason,
        by=about.by,
    )
    for module, counts in done.items():
        counts.elsewhere = (await acts.do(module, wanted)).deleted


async def _search(acts: Acts, wanted: TracePerson, traces: Traces) -> None:
    for module, found in traces.by_module.items():
        async for each in _pages(acts, module, wanted):
            found[each.place, each.id] = each


async def _pages(acts: Acts, module: str, wanted: TracePerson) -> AsyncIterator[Trace]:
    while True:
        said = await acts.do(module, wanted)
        for each in said.traces:
            yield each
        if not said.next_place:
            return
        wanted = wanted.model_copy(update={"place": said.next_place, "beyond": said.next_beyond})


def _chunks(flows: list[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    """The flows, as many at a time as one message takes."""
    return (tuple(flows[at : at + MOST_ROWS]) for at in range(0, len(flows), MOST_ROWS))


def _counted(found: Iterable[Trace], waits: frozenset[str]) -> Counts:
    counts = Counts()
    for each in found:
        if each.place == _AUDIT:
            counts.audited += 1
        elif each.under_way or each.flow in waits or (each.key or "") in waits:
            counts.under_way += each.place != _PROCESS
        elif each.place in _MESSAGES:
            counts.messages += 1
        else:
            counts.rows += 1
    return counts


def _facts(trace: Trace) -> dict[str, Any]:
    personal: dict[str, list[Any]] = {}
    for path, text in trace.personal:
        if path:
            personal.setdefault(path, []).append(json.loads(text))
    return {
        "place": trace.place,
        "id": trace.id,
        "type": trace.type or None,
        "key": trace.key,
        "under_way": trace.under_way,
        "personal": personal,
    }
