"""The differences between two parts of a contract: in what their classes take, and in what they write."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from amphibus.evolution.differences.changes import Change
from amphibus.evolution.differences.rules import RULES, Position
from amphibus.evolution.differences.types import differences
from amphibus.evolution.differences.writing import Ends, of_computed, of_return, of_written
from amphibus.evolution.forms.form import taken, written_in
from amphibus.evolution.forms.places import Place

Part = Mapping[str, Any]


def of_parts(before: Part, after: Part, position: Position, *, routed: bool) -> Iterator[Change]:
    """Yields the differences; those of what is taken first."""
    old, new = (
        Ends(*(Place(each, each) for each in (taken(part), written_in(part))))
        for part in (before, after)
    )
    found = list(differences(old.takes, new.takes))
    told = [of_return(of_computed(each, old, new, position), old, position) for each in found]
    yield from (_at_the_gateway(each) if routed else each for each in told)
    # What is computed at one of both ends is written by both, maybe as another type.
    yield from of_written(old, new, [each for each in told if each in found], position)


def _at_the_gateway(change: Change) -> Change:
    """Refuses what went from a request: over HTTP no field is taken that is not known."""
    if change.rule not in ("FLD05", "FLD06"):
        return change
    return replace(change, rule="FLD07", instead=RULES["FLD05"].instead)
