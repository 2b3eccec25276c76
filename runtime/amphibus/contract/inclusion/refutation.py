"""The search for a witness: a document that the writer allows and the reader refuses.

It changes documents that the writer allows in one place at a time, each place where the proof failed, and asks the
validation about each. A witness found is one; where none is found, there may be one all the same.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from amphibus.contract.inclusion.alternatives import Alternative, Lists, Numbers, Objects, Texts
from amphibus.contract.inclusion.formats import FORMATS, OTHERWISE
from amphibus.contract.inclusion.languages import text_between
from amphibus.contract.inclusion.limits import Beyond, Effort
from amphibus.contract.inclusion.nodes import ANYTHING, TEXT, Node
from amphibus.contract.inclusion.objects import field_of
from amphibus.contract.inclusion.proof import Proof
from amphibus.contract.inclusion.samples import (
    Samples,
    decimals_near,
    new_names,
    numbers_near,
    texts_like,
)
from amphibus.contract.inclusion.values import identity, kind_of_value

_DEEPEST: Final = 8
_BASES: Final = 4
_EACH: Final = 4
_MOST_CHANGED: Final = 3
_MOST_DIGITS: Final = 40
_LONGEST: Final = 10_001
_SHORT: Final = ("", "a", "aa", "b")


class Refutation:
    """Searches of one comparison."""

    def __init__(self, proof: Proof, samples: Samples, effort: Effort) -> None:
        self._proof = proof
        self._samples = samples
        self._effort = effort
        self._open: list[tuple[Any, Any]] = []

    def witnesses(
        self, writer: Node, reader: Node, known: Sequence[Any] = (), depth: int = 0
    ) -> Iterator[Any]:
        """Witnesses, the most readable first: those made of the known documents before all others."""
        pair = (writer.key, reader.key)
        if depth > _DEEPEST or self._open.count(pair) > 1 or self._proof.within(writer, reader):
            return
        self._open.append(pair)
        met: set[Any] = set()
        try:
            for each in self._candidates(writer, reader, known, depth):
                key = identity(each)
                if key not in met:
                    met.add(key)
                    self._effort.spend()
                    if self._refutes(writer, reader, each):
                        yield each
        finally:
            self._open.remove(pair)

    def _refutes(self, writer: Node, reader: Node, value: Any) -> bool:
        allows = self._proof.validation.allows
        return not allows(reader, value) and allows(writer, value)

    def _candidates(
        self, writer: Node, reader: Node, known: Sequence[Any], depth: int
    ) -> Iterator[Any]:
        yield from known
        mine, theirs = self._proof.forms.of(writer), self._proof.forms.of(reader)
        held = [each for each in known if self._proof.validation.allows(writer, each)]
        for kind, alternatives in mine.items():
            others = theirs.get(kind, ())
            for each in alternatives:
                if not self._proof.covered(each, writer, others, reader):
                    near = [value for value in held if kind_of_value(value) == kind]
                    yield from self._of_alternative(each, others, near, depth)
        yield from self._samples.of(writer, depth)

    def _of_alternative(
        self,
        ours: Alternative,
        theirs: tuple[Alternative, ...],
        known: Sequence[Any],
        depth: int,
    ) -> Iterator[Any]:
        if ours.values is not None:
            yield from ours.values
            return
        others = [each.shape for each in theirs]
        if isinstance(ours.shape, Numbers):
            yield from numbers_near(ours.shape, *others)
            listed = [v for each in theirs if each.values is not None for v in each.values]
            yield from (value + 1 for value in listed)
        elif isinstance(ours.shape, Texts):
            yield from _texts(ours.shape, others)
        else:
            bases = [*known[:2], *islice(self._samples.of_alternative(ours, depth), _BASES)]
            yield from self._changed(ours.shape, others, bases, depth)

    def _changed(
        self, ours: Any, theirs: Sequence[Any], bases: Sequence[Any], depth: int
    ) -> Iterator[Any]:
        """Documents changed once for each alternative of the reader, so that in the end none takes them."""
        change = self._lists if isinstance(ours, Lists) else self._objects
        yield from bases
        pool = list(bases)
        for _ in range(min(len(theirs), _MOST_CHANGED)):
            following: list[Any] = []
            for base in pool[: _BASES * 3]:
                for other in theirs:
                    for each in change(ours, other, base, depth):
                        yield each
                        following.append(each)
            pool = following

    def _lists(self, ours: Lists, theirs: Lists, base: list[Any], depth: int) -> Iterator[Any]:
        lengths = [theirs.fewest - 1, *([] if theirs.most is None else [theirs.most + 1])]
        for length in lengths:
            if ours.fewest <= length <= _LONGEST and (ours.most is None or length <= ours.most):
                if length <= len(base):
                    yield base[:length]
                else:
                    yield from self._samples.lists_of(ours, length, depth)
        places = max(ours.told_apart, theirs.told_apart) + 1
        for place in range(min(places, 20)):
            known = base[place : place + 1] or base[-1:]
            for each in self._inside(ours.item(place), theirs.item(place), known, depth):
                yield from self._with_item(ours, base, place, each, depth)
        if theirs.unique and base:
            yield [*base, base[-1]]
            yield [base[0], *base[:-1]]
        for node, *_ in theirs.contains:
            for place in range(min(len(base), 3)):
                for each in self._inside(ours.item(place), node, (), depth):
                    yield [each] * len(base)

    def _with_item(
        self, ours: Lists, base: list[Any], place: int, item: Any, depth: int
    ) -> Iterator[Any]:
        if place < len(base):
            yield [*base[:place], item, *base[place + 1 :]]
        for start in islice(self._samples.lists_of(ours, place, depth), 1):
            yield [*start, item]
        for longer in islice(self._samples.lists_of(ours, max(ours.fewest, place + 1), depth), 1):
            yield [*longer[:place], item, *longer[place + 1 :]]

    def _objects(
        self, ours: Objects, theirs: Objects, base: dict[str, Any], depth: int
    ) -> Iterator[Any]:
        free = [name for name in base if name not in ours.required]
        for name in (each for each in free if each in theirs.required):
            yield {each: value for each, value in base.items() if each != name}
        fewest = max(ours.fewest, len(ours.required))
        if theirs.fewest > fewest:
            kept = [*ours.required, *free][:fewest]
            yield {name: value for name, value in base.items() if name in kept}
        yield from self._with_fields(ours, theirs, base, depth)
        if theirs.most is not None:
            yield from self._with_more(ours, base, theirs.most + 1, depth)
        for name, others in theirs.dependent:
            found = dict(base) | self._samples.field(ours, name, depth)
            yield {
                each: value for each, value in found.items() if each == name or each not in others
            }

    def _with_fields(
        self, ours: Objects, theirs: Objects, base: dict[str, Any], depth: int
    ) -> Iterator[Any]:
        refused = self._inside(ours.names & TEXT, theirs.names, (), depth)
        known_names = islice(self._samples.names(ours), 6)
        unnamed = (*refused, *islice(new_names(theirs), 6), *known_names)
        for name in dict.fromkeys((*ours.named, *theirs.named, *unnamed, *_SHORT)):
            known = [base[name]] if name in base else []
            mine, wanted = field_of(ours, name), field_of(theirs, name)
            for each in self._inside(mine, wanted, known, depth):
                yield base | {name: each}
            if not self._proof.validation.allows(theirs.names, name):
                yield from (base | {name: each} for each in self._samples.one(mine, depth + 1))
        for name, node in theirs.dependent_schemas:
            for each in self._samples.one(field_of(ours, name), depth + 1):
                for more in self._inside(ANYTHING, node, [base], depth):
                    yield base | more | {name: each} if isinstance(more, dict) else more

    def _with_more(
        self, ours: Objects, base: dict[str, Any], count: int, depth: int
    ) -> Iterator[Any]:
        found = dict(base)
        for name in (*ours.named, *new_names(ours)):
            if len(found) >= count:
                break
            if name not in found:
                found |= self._samples.field(ours, name, depth)
        yield found

    def _inside(
        self, writer: Node, reader: Node, known: Sequence[Any], depth: int
    ) -> Iterator[Any]:
        yield from islice(self.witnesses(writer, reader, known, depth + 1), _EACH)


def _texts(ours: Texts, theirs: Sequence[Texts]) -> Iterator[str]:
    """Texts of ours that break one thing that a reader's alternative asks for."""
    mine = tuple(sorted(ours.patterns))
    for each in theirs:
        for pattern in sorted(each.patterns - ours.patterns):
            yield from _found(mine, (pattern,), ours.shortest, ours.longest)
        if each.longest is not None and (ours.longest is None or each.longest < ours.longest):
            yield from _of_length(ours, each.longest + 1)
        if each.shortest > ours.shortest:
            yield from _of_length(ours, each.shortest - 1)
        for end in (each.number.low, each.number.high):
            if end is not None:
                yield from decimals_near(end)
    if ours.number.low is not None or "decimal" in ours.formats:
        yield from _decimals_of_any_length(ours)
    refused = sorted({pattern for each in theirs for pattern in each.patterns - ours.patterns})
    yield from _found(mine, tuple(refused), ours.shortest, ours.longest)
    yield from texts_like(ours)
    for name in sorted({name for each in theirs for name in each.formats}):
        for known in FORMATS.values():
            yield from (
                (text for text in known.examples if not FORMATS[name].holds(text))
                if name in FORMATS
                else ()
            )
    yield from OTHERWISE


def _decimals_of_any_length(ours: Texts) -> Iterator[str]:
    """Decimals with more and more digits behind and before the point, inside the bounds if these are not narrow."""
    whole = 1 if ours.number.low is None else int(ours.number.low) + 1
    for digits in range(_MOST_DIGITS):
        yield f"{whole}.{'0' * digits}1"
        yield f"{whole}{'0' * digits}"


def _of_length(ours: Texts, length: int) -> Iterator[str]:
    if length <= _LONGEST:
        yield from _found(tuple(sorted(ours.patterns)), (), length, length)
        yield "a" * length
        yield from (text for text in _long_formats(ours, length))


def _long_formats(ours: Texts, length: int) -> Iterator[str]:
    if "email" in ours.formats and length > 12:
        yield "a" * (length - 12) + "@example.com"
    if "uri" in ours.formats and length > 20:
        yield "https://example.com/" + "a" * (length - 20)


def _found(
    taken: tuple[str, ...], refused: tuple[str, ...], shortest: int, longest: int | None
) -> Iterator[str]:
    for low, high in ((shortest, longest), (shortest or 1, longest)):
        try:
            found = text_between(taken, refused, low, high)
        except Beyond:
            continue
        if found is not None:
            yield found
