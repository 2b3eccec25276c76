"""The alternatives of a normal form: each is a set of values of one kind, described by what all of them keep to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import lcm
from typing import Any, Final

from amphibus.contract.inclusion.nodes import ANYTHING, NOTHING, Node
from amphibus.contract.inclusion.values import Kind, identity

_ENDLESS: Final = None


@dataclass(frozen=True, slots=True)
class Plain:
    """Of null and of truth values: nothing but the list of values, which every alternative may have."""

    def meet(self, _: "Plain") -> "Plain":
        """Both at once."""
        return self


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers between two ends, each maybe left out, in steps."""

    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    step: Fraction | None = None

    def meet(self, other: "Numbers") -> "Numbers":
        """Both at once."""
        low, low_open = _inner(self.low, self.low_open, other.low, other.low_open, 1)
        high, high_open = _inner(self.high, self.high_open, other.high, other.high_open, -1)
        return Numbers(low, low_open, high, high_open, _common(self.step, other.step))

    def tight(self) -> "Numbers":
        """The same numbers with ends that are among them, where there are steps."""
        if self.step is None:
            return self
        low, high = self.low, self.high
        if low is not None:
            low = -(-low // self.step) * self.step
            low += self.step if self.low_open and low == self.low else 0
        if high is not None:
            high = high // self.step * self.step
            high -= self.step if self.high_open and high == self.high else 0
        return Numbers(low, False, high, False, self.step)

    def void(self) -> bool:
        """Returns whether there is no such number."""
        it = self.tight()
        if it.low is None or it.high is None:
            return False
        return it.low > it.high or (it.low == it.high and (it.low_open or it.high_open))


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts by length, patterns and formats; of those that name a decimal, its least and greatest."""

    shortest: int = 0
    longest: int | None = _ENDLESS
    patterns: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    number: Numbers = Numbers()

    def meet(self, other: "Texts") -> "Texts":
        """Both at once."""
        return Texts(
            max(self.shortest, other.shortest),
            least(self.longest, other.longest),
            self.patterns | other.patterns,
            self.formats | other.formats,
            self.number.meet(other.number),
        )


@dataclass(frozen=True, slots=True)
class ItemRule:
    """The schemas of the first items of a list, and that of the others."""

    first: tuple[Node, ...]
    rest: Node


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists by length and items."""

    rules: tuple[ItemRule, ...] = ()
    fewest: int = 0
    most: int | None = _ENDLESS
    unique: bool = False
    contains: tuple[tuple[Node, int, int | None], ...] = ()

    def meet(self, other: "Lists") -> "Lists":
        """Both at once."""
        return Lists(
            self.rules + other.rules,
            max(self.fewest, other.fewest),
            least(self.most, other.most),
            self.unique or other.unique,
            self.contains + other.contains,
        )

    def item(self, place: int) -> Node:
        """The schema of the item at a place."""
        found = ANYTHING
        for rule in self.rules:
            found &= rule.first[place] if place < len(rule.first) else rule.rest
        return found

    @property
    def told_apart(self) -> int:
        """The number of first items that may differ from the rest."""
        return max((len(rule.first) for rule in self.rules), default=0)


@dataclass(frozen=True, slots=True)
class FieldRule:
    """The schemas of fields by name, by pattern of the name, and of all others."""

    named: Mapping[str, Node] = field(default_factory=dict)
    matching: Mapping[str, Node] = field(default_factory=dict)
    others: Node = ANYTHING


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects by their fields."""

    rules: tuple[FieldRule, ...] = ()
    required: frozenset[str] = frozenset()
    fewest: int = 0
    most: int | None = _ENDLESS
    names: Node = ANYTHING
    dependent: tuple[tuple[str, frozenset[str]], ...] = ()
    dependent_schemas: tuple[tuple[str, Node], ...] = ()

    def meet(self, other: "Objects") -> "Objects":
        """Both at once."""
        return Objects(
            self.rules + other.rules,
            self.required | other.required,
            max(self.fewest, other.fewest),
            least(self.most, other.most),
            self.names & other.names,
            self.dependent + other.dependent,
            self.dependent_schemas + other.dependent_schemas,
        )

    @property
    def named(self) -> list[str]:
        """The fields that have a schema of their own, or must be there."""
        found = {name: None for rule in self.rules for name in rule.named}
        return [*found, *sorted(self.required - found.keys())]

    @property
    def closed(self) -> bool:
        """Returns whether a field that is neither named nor matched is refused."""
        return any(rule.others.key & NOTHING.key for rule in self.rules)

    def patterns(self) -> Iterator[str]:
        """The patterns of names that have a schema of their own."""
        for rule in self.rules:
            yield from rule.matching


Shape = Plain | Numbers | Texts | Lists | Objects


@dataclass(frozen=True, slots=True)
class Alternative:
    """One alternative: the values of a kind that fit the shape, are among the listed, and are not excluded."""

    kind: Kind
    shape: Any
    values: tuple[Any, ...] | None = None
    excluded: tuple[Node, ...] = ()

    def meet(self, other: "Alternative") -> "Alternative":
        """Both at once; they are of one kind."""
        values = self.values if other.values is None else other.values
        if self.values is not None and other.values is not None:
            kept = {identity(each) for each in other.values}
            values = tuple(each for each in self.values if identity(each) in kept)
        excluded = self.excluded + other.excluded
        return Alternative(self.kind, self.shape.meet(other.shape), values, excluded)

    def without(self, nodes: tuple[Node, ...]) -> "Alternative":
        """The same, less what is valid for any of the nodes."""
        return replace(self, excluded=self.excluded + nodes)


def least(one: int | None, other: int | None) -> int | None:
    """The tighter of two upper limits, None being none."""
    return other if one is None else one if other is None else min(one, other)


def _inner(
    one: Fraction | None, one_open: bool, other: Fraction | None, other_open: bool, sign: int
) -> tuple[Fraction | None, bool]:
    if one is None or other is None:
        return (other, other_open) if one is None else (one, one_open)
    if one == other:
        return one, one_open or other_open
    return (one, one_open) if one * sign > other * sign else (other, other_open)


def _common(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    if one is None or other is None:
        return other if one is None else one
    below = lcm(one.denominator, other.denominator)
    return Fraction(lcm(int(one * below), int(other * below)), below)
