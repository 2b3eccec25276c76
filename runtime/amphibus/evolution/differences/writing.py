"""The differences in what is written, where that is not simply what is taken: computed, hidden and renamed fields."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from amphibus.evolution.differences.changes import Change, Path, written
from amphibus.evolution.differences.rules import RULES, Position, Severity
from amphibus.evolution.differences.types import differences
from amphibus.evolution.forms.places import Place

_REMOVED: Final = ("FLD05", "FLD06", "FLD07")
_NO_LONGER_READ: Final = ("FLD05", "FLD06")
_ADDED: Final = ("FLD01", "FLD03")
_RENAMED: Final = ("FLD08", "FLD09")
_OF_TYPES: Final = ("TYP01", "TYP02", "TYP03", "TYP04", "TYP05", "TYP08", "UNI01", "UNI02", "UNI05")
_OF_FIELDS: Final = (*_REMOVED, *_ADDED, *_RENAMED)
_SAID_BY_READING: Final = ("FLD02", "FLD10", "FLD12", "FLD16", "FLD17")
"""Those say nothing of a schema that is closed and has no defaults."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a class: what it takes, and what it writes."""

    takes: Place
    writes: Place


def of_written(
    old: Ends, new: Ends, told: Sequence[Change], position: Position
) -> Iterator[Change]:
    """Yields the differences in what is written that the differences in what is taken do not tell already."""
    for each in differences(old.writes, new.writes):
        if each.rule not in _SAID_BY_READING and not any(_tells(one, each) for one in told):
            for change in _meant(each, old, new):
                yield replace(change, severity=_gravity(change, position))


def of_computed(change: Change, old: Ends, new: Ends, position: Position) -> Change:
    """Returns a difference in what is taken; a field that the class computes is written without being taken."""
    where = written(change.path)
    if change.rule in _ADDED and _is_computed(change.path, old):
        needed = change.rule == "FLD03"
        what = f"{where} was computed and {'must' if needed else 'may'} be given now"
        # Whoever writes with the class has written it all along; who writes by the schema has not.
        safe = needed and position in ("event", "reply")
        return replace(change, what=what, severity="info" if safe else change.severity)
    if change.rule in _NO_LONGER_READ and _is_computed(change.path, new):
        what = f"{where} is computed now: what was written there is no longer read"
        return replace(change, rule="FLD06", what=what)
    return change


def of_return(change: Change, old: Ends, position: Position) -> Change:
    """Returns a difference in what is taken; of a name that the class took and never wrote, nothing waits."""
    taken_back = change.rule == "FLD08" and _is_called(old, change.path, beside=change.also)
    if taken_back and position in ("event", "reply"):
        return replace(change, rule="FLD17", also=(), instead="")
    return change


def _is_computed(path: Path, ends: Ends) -> bool:
    return any(ends.writes.under(path)) and not any(ends.takes.under(path))


def _tells(told: Change, change: Change) -> bool:
    """Returns whether a difference in what is taken is the same, or one of a whole that holds the place."""
    whole = (told.rule in _OF_FIELDS and told.severity is None) or told.rule in _OF_TYPES
    return any(
        whole or (path == place and change.rule not in _OF_FIELDS)
        for place in filter(None, (told.path, told.also))
        for path in (change.path, change.also)
        if path[: len(place)] == place
    )


def _meant(change: Change, old: Ends, new: Ends) -> Iterator[Change]:
    where, path = written(change.path), change.path
    takes = [list(each.takes.under(path)) for each in (old, new)]
    if change.rule in _RENAMED:
        yield from _of_name(change, old, new)
    elif change.rule in _REMOVED:
        if not takes[0]:
            yield Change("FLD15", path, f"the computed field {where} is removed")
        else:
            needed = any(
                path[-1] in one.required
                for each in old.takes.under(path[:-1])
                for one in each.members
            )
            yield Change("FLD05" if needed else "FLD06", path, f"{where} is no longer written")
    elif change.rule in _ADDED:
        said = f"{where} is written now" if takes[1] else f"the computed field {where} is added"
        yield Change("FLD01", path, said)
    elif takes[0]:
        yield replace(change, what=f"as it is written, {change.what}")
    else:  # nobody takes what is computed
        grave = RULES[change.rule].severity("reply") == "error"
        what = f"as it is computed, {change.what}"
        yield Change("FLD15", path, what, severity=None if grave else "info")


def _of_name(change: Change, old: Ends, new: Ends) -> Iterator[Change]:
    before, after = written(change.also), written(change.path)
    known = [list(old.takes.under(path)) for path in (change.also, change.path)]
    if not known[0]:  # both are computed
        yield Change("FLD15", change.also, f"the computed field {before} is removed")
        yield Change("FLD01", change.path, f"the computed field {after} is added")
        return
    everywhere = _is_called(old, change.path) and _is_called(new, change.also)
    what = f"{before} is written as {after} now"
    yield replace(change, what=what, rule="FLD17" if everywhere else change.rule)


def _is_called(ends: Ends, path: Path, *, beside: Path = ()) -> bool:
    """Returns whether programs outside may call a field so; its name in Python is for its class alone.

    Args:
        ends: the class.
        path: the name.
        beside: another name of the same field, if it must have that too.
    """
    *around, name = path
    return any(
        name in (names := {own, *each.names_on_the_wire}) and {*beside[-1:]} <= names
        for holder in ends.takes.under(around)
        for one in holder.members
        for own, each in one.fields.items()
    )


def _gravity(change: Change, position: Position) -> Severity | None:
    """Of a request its owner reads what many write: who is not upgraded writes on as before."""
    grave = RULES[change.rule].severity(position)
    if position not in ("command", "query") or grave != "error":
        return change.severity
    return "info" if change.rule in _RENAMED else "warning"
