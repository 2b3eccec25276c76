"""The comparison of all contracts with the forms that they were released in: what went, what came, what changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from amphibus.evolution.assessment import Neighbours, assess
from amphibus.evolution.audience import Audience
from amphibus.evolution.differences.rules import RULES
from amphibus.evolution.findings import Finding
from amphibus.evolution.forms.form import as_told_by, digest
from amphibus.evolution.lock import Entry, Lock
from amphibus.evolution.sunset import has_ended

Form = Mapping[str, Any]
_WORDS = ("type", "example", "deprecated")


@dataclass(frozen=True, slots=True)
class Released:
    """One form that a contract was released in."""

    form: Form
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Differences from it that were approved, each with its reason."""


Earlier = Mapping[str, Sequence[Released]]
"""The released forms of each contract, the newest first."""


def in_lock(lock: Lock, *, every: bool) -> Earlier:
    """Returns the forms that a lock knows: the last of each contract, or every one."""
    return {type_: list(_editions(each, every=every)) for type_, each in lock.entries.items()}


def _editions(entry: Entry, *, every: bool) -> Iterator[Released]:
    yield Released(entry.now)
    if every:
        yield from (Released(each.form, each.accepted) for each in entry.before.values())


def compared(
    earlier: Earlier, forms: Mapping[str, Form], audience: Audience, today: date
) -> list[Finding]:
    """Returns every finding; the same change is told once, for the newest form that it concerns."""
    found: list[Finding] = []
    words = dict(_words(each.get("example") for each in forms.values()))
    for type_, editions in earlier.items():
        if type_ in forms and any(each.form != forms[type_] for each in editions):
            around = Neighbours(audience.asked_by_modules(type_), words)
            found += _of_contract(editions, forms[type_], around)
    renamed = dict(_renamed(earlier, forms))
    found += [
        _removed(earlier[each][0].form, renamed.get(each), today)
        for each in earlier
        if each not in forms
    ]
    found += [
        _finding("MSG02", forms[each], "it is added")
        for each in forms
        if each not in earlier and each not in renamed.values()
    ]
    return [replace(each, breaks=audience.broken_by(each)) for each in found]


def _words(examples: Any) -> Iterator[tuple[str, Any]]:
    """Every name and value in some examples."""
    for each in examples:
        if isinstance(each, Mapping):
            yield from each.items()
            yield from _words(each.values())
        elif isinstance(each, list):
            yield from _words(each)


def _of_contract(editions: Sequence[Released], form: Form, around: Neighbours) -> Iterator[Finding]:
    told: set[str] = set()
    for edition in editions:
        found = assess(edition.form, as_told_by(edition.form, form), around)
        # Two differences from one form may have one key, and not the same gravity.
        fresh = [each for each in found if each.key not in told]
        yield from (replace(each, waived=edition.accepted.get(each.key, "")) for each in fresh)
        told.update(each.key for each in fresh)


def _renamed(earlier: Earlier, forms: Mapping[str, Form]) -> Iterator[tuple[str, str]]:
    """Contracts that are gone, each with one that came and promises the same under another name."""
    came = {_nameless(form): type_ for type_, form in forms.items() if type_ not in earlier}
    for type_, editions in earlier.items():
        other = came.get(_nameless(editions[0].form))
        if type_ not in forms and other is not None:
            yield type_, other


def _nameless(form: Form) -> str:
    return digest({name: each for name, each in form.items() if name not in _WORDS})


def _removed(form: Form, renamed: str | None, today: date) -> Finding:
    if has_ended(form, today):
        what = f"it is removed; it has ended on {form['deprecated']['sunset']}"
        return replace(_finding("MSG01", form, what), severity="info", edition=digest(form))
    what = "it is removed" if renamed is None else f"it is called {renamed} now"
    return replace(
        _finding("MSG01" if renamed is None else "MSG03", form, what),
        document=form.get("example") or {},
        refusal="nobody takes a message of this type any more: it becomes a dead letter",
        edition=digest(form),
    )


def _finding(rule: str, form: Form, what: str) -> Finding:
    said = RULES[rule]
    return Finding(
        rule=rule,
        severity=said.severity(form["kind"]),
        contract=form["type"],
        what=what,
        position=form["kind"],
        instead="" if said.instead == "nothing" else said.instead,
    )
