"""Inclusion of objects: field by field, those without a name of their own by the patterns that they may match."""

from collections.abc import Iterator
from typing import Protocol

from amphibus.contract.inclusion.alternatives import Objects
from amphibus.contract.inclusion.keywords import searched
from amphibus.contract.inclusion.languages import text_between
from amphibus.contract.inclusion.limits import Beyond
from amphibus.contract.inclusion.nodes import ANYTHING, Node
from amphibus.contract.inclusion.normal_form import NormalForms
from amphibus.contract.inclusion.validation import Validation


class Prover(Protocol):
    """The proof that fields are handed to."""

    forms: NormalForms
    validation: Validation

    def within(self, writer: Node, reader: Node) -> bool:
        """Returns whether each document of the writer is proved to be one of the reader."""
        ...

    def empty(self, node: Node) -> bool:
        """Returns whether it is proved that no document is valid."""
        ...


def field_of(it: Objects, name: str) -> Node:
    """The schema of a field."""
    found = ANYTHING
    for rule in it.rules:
        fitting = [node for pattern, node in rule.matching.items() if searched(pattern, name)]
        if name in rule.named:
            fitting.append(rule.named[name])
        for node in fitting or [rule.others]:
            found &= node
    return found


def unnamed_of(it: Objects, matched: frozenset[str]) -> Node:
    """The schema of the fields without a name of their own that match these patterns and no others."""
    found = ANYTHING
    for rule in it.rules:
        fitting = [node for pattern, node in rule.matching.items() if pattern in matched]
        for node in fitting or [rule.others]:
            found &= node
    return found


class Fields:
    """Proofs about the fields of objects."""

    def __init__(self, proof: Prover) -> None:
        self._proof = proof

    def void(self, it: Objects) -> bool:
        """Returns whether it is proved that there is no such object."""
        if any(self._impossible(it, name) for name in it.required):
            return True
        most = self._most(it)
        return most is not None and max(it.fewest, len(it.required)) > most

    def within(self, theirs: Objects, ours: Objects) -> bool:
        """Returns whether it is proved that each of our objects is one of theirs."""
        if not theirs.required <= ours.required or not self._counts_within(theirs, ours):
            return False
        for name in dict.fromkeys((*ours.named, *theirs.named)):
            if (
                name in ours.required or not self._impossible(ours, name)
            ) and not self._proof.within(field_of(ours, name), field_of(theirs, name)):
                return False
        return (
            all(
                self._proof.within(unnamed_of(ours, matched), unnamed_of(theirs, matched))
                for matched in self._kinds_of_names(theirs, ours)
            )
            and self._names_within(theirs, ours)
            and all(self._dependent_within(each, ours) for each in theirs.dependent)
            and all(self._schema_within(each, ours) for each in theirs.dependent_schemas)
        )

    def _counts_within(self, theirs: Objects, ours: Objects) -> bool:
        if theirs.fewest > max(ours.fewest, len(ours.required)):
            return False
        if theirs.most is None:
            return True
        most = self._most(ours)
        return most is not None and most <= theirs.most

    def _most(self, it: Objects) -> int | None:
        """The greatest number of fields that an object can have."""
        if not it.closed or any(it.patterns()):
            return it.most
        possible = sum(not self._impossible(it, name) for name in it.named)
        return possible if it.most is None else min(possible, it.most)

    def _impossible(self, it: Objects, name: str) -> bool:
        named = it.names
        if named is not ANYTHING and not self._proof.validation.allows(named, name):
            return True
        return self._proof.empty(field_of(it, name))

    def _kinds_of_names(self, theirs: Objects, ours: Objects) -> Iterator[frozenset[str]]:
        """The sets of patterns that a name may match together, patterns of both sides counted."""
        patterns = sorted({*theirs.patterns(), *ours.patterns()})
        if len(patterns) > 6:
            raise Beyond("too many patterns of names stand side by side")
        for number in range(2 ** len(patterns)):
            matched = [each for place, each in enumerate(patterns) if number >> place & 1]
            rest = [each for each in patterns if each not in matched]
            if not rest and not matched:
                yield frozenset()
            elif _may_be(matched, rest):
                yield frozenset(matched)

    def _names_within(self, theirs: Objects, ours: Objects) -> bool:
        if theirs.names is ANYTHING:
            return True
        if self._proof.within(ours.names, theirs.names):
            return True
        if not ours.closed or any(ours.patterns()):
            return False
        return all(
            self._proof.validation.allows(theirs.names, name) or self._impossible(ours, name)
            for name in ours.named
        )

    def _dependent_within(self, rule: tuple[str, frozenset[str]], ours: Objects) -> bool:
        name, others = rule
        promised = set(ours.required)
        for each, more in ours.dependent:
            promised |= more if each == name or each in ours.required else set()
        return others <= promised or self._impossible(ours, name)

    def _schema_within(self, rule: tuple[str, Node], ours: Objects) -> bool:
        name, node = rule
        if self._impossible(ours, name):
            return True
        return any(each == name and node.key == it.key for each, it in ours.dependent_schemas)


def _may_be(matched: list[str], rest: list[str]) -> bool:
    """True if a name may match these patterns and none of the rest."""
    try:
        return text_between(tuple(matched), tuple(rest)) is not None
    except Beyond:
        return True
