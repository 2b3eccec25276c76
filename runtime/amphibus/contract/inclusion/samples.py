"""Documents that a schema allows: small ones, and as readable as can be had."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from typing import Any, Final

from amphibus.contract.inclusion.alternatives import Alternative, Lists, Numbers, Objects, Texts
from amphibus.contract.inclusion.formats import FORMATS, OTHERWISE
from amphibus.contract.inclusion.languages import text_between
from amphibus.contract.inclusion.limits import Beyond, Effort
from amphibus.contract.inclusion.nodes import TEXT, Node
from amphibus.contract.inclusion.normal_form import NormalForms
from amphibus.contract.inclusion.objects import field_of
from amphibus.contract.inclusion.validation import Validation
from amphibus.contract.inclusion.values import as_json

_DEEPEST: Final = 6
_MOST: Final = 12
_LONGEST: Final = 2_000


class Samples:
    """Samples of one comparison."""

    def __init__(self, forms: NormalForms, validation: Validation, effort: Effort) -> None:
        self._forms = forms
        self._validation = validation
        self._effort = effort

    def of(self, it: Node, depth: int = 0, most: int = _MOST) -> Iterator[Any]:
        """Documents that a node allows, a few of each alternative."""
        if depth > _DEEPEST:
            return
        found = (
            value
            for alternatives in self._forms.of(it).values()
            for each in alternatives
            for value in islice(self.of_alternative(each, depth), most)
        )
        for value in found:
            self._effort.spend()
            if self._validation.allows(it, value):
                yield value

    def of_alternative(self, it: Alternative, depth: int = 0) -> Iterator[Any]:
        """Candidates for the values of an alternative; most of them are."""
        if it.values is not None:
            yield from it.values
        elif isinstance(it.shape, Numbers):
            yield from numbers_near(it.shape)
        elif isinstance(it.shape, Texts):
            yield from texts_like(it.shape)
        elif isinstance(it.shape, Lists):
            yield from self._lists(it.shape, depth)
        elif isinstance(it.shape, Objects):
            yield from self._objects(it.shape, depth)

    def one(self, it: Node, depth: int) -> list[Any]:
        """A document that a node allows, in a list; an empty list where none was found."""
        return list(islice(self.of(it, depth, 3), 1))

    def _lists(self, it: Lists, depth: int) -> Iterator[Any]:
        for length in dict.fromkeys((it.fewest, it.fewest + 1, max(it.told_apart, it.fewest))):
            if (it.most is None or length <= it.most) and length <= _LONGEST:
                yield from self.lists_of(it, length, depth)

    def lists_of(self, it: Lists, length: int, depth: int) -> Iterator[list[Any]]:
        """A list of a length, in a row of at most one."""
        rest = it.told_apart
        different = it.unique or bool(it.contains)
        tail = list(islice(self.of(it.item(rest), depth + 1), length if different else 1))
        head = [self.one(it.item(place), depth + 1) for place in range(min(rest, length))]
        if all(head):
            items = [each for each, *_ in head]
            if it.unique:
                items += [each for each in tail if each not in items]
            elif tail:
                items += [tail[number % len(tail)] for number in range(length - len(items))]
            if len(items) >= length:
                yield items[:length]

    def _objects(self, it: Objects, depth: int) -> Iterator[Any]:
        least: dict[str, Any] = {}
        for name in it.named:
            if name in it.required:
                found = self.one(field_of(it, name), depth + 1)
                if not found:
                    return
                least[name] = found[0]
        yield self._filled(it, least, depth)
        full = dict(least)
        for name in it.named:
            if name not in it.required:
                full |= self.field(it, name, depth)
        if full != least and (it.most is None or len(full) <= it.most):
            yield full

    def field(self, it: Objects, name: str, depth: int) -> dict[str, Any]:
        """A field with a value that it may have; nothing where none was found."""
        found = self.one(field_of(it, name), depth + 1)
        return {name: found[0]} if found else {}

    def names(self, it: Objects) -> Iterator[str]:
        """Names of fields that an object has no schema of its own for; first those that it allows alone."""
        if it.names.parts:
            yield from self.of(it.names & TEXT)
        yield from new_names(it)

    def _filled(self, it: Objects, least: dict[str, Any], depth: int) -> dict[str, Any]:
        """With as many fields as there must be."""
        names = [*it.named, *self.names(it)]
        found = dict(least)
        for name in names if len(found) < it.fewest else ():
            if name not in found and len(found) < it.fewest:
                found |= self.field(it, name, depth)
        return found


def new_names(it: Objects) -> Iterator[str]:
    """Names of fields that an object has no schema of its own for."""
    for pattern in it.patterns():
        try:
            found = text_between((pattern,), ())
        except Beyond:
            continue
        if found is not None:
            yield found
    known = set(it.named)
    yield from (name for name in ("more", *(f"more{n}" for n in range(1, 40))) if name not in known)


def numbers_near(*shapes: Numbers) -> Iterator[Any]:
    """Numbers at the ends of the shapes, and near them."""
    steps = sorted({each.step for each in shapes if each.step is not None}, reverse=True)
    ends = [end for each in shapes for end in (each.low, each.high) if end is not None]
    found: dict[Fraction, None] = dict.fromkeys(
        start + more
        for start in (*ends, Fraction(0))
        for more in (
            *map(Fraction, (0, 1, -1, 2)),
            Fraction(1, 2),
            *(s for s in steps),
            *(-s for s in steps),
        )
    )
    for step in steps:
        for start in (*ends, Fraction(0)):
            whole = start // step * step
            found |= dict.fromkeys(whole + step * number for number in (0, 1, -1, 2, 3, 5, 7))
    found |= dict.fromkeys(
        (a + b) / 2 for a, b in zip(sorted(ends), sorted(ends)[1:], strict=False)
    )
    yield from (as_json(each) for each in found)


def texts_like(it: Texts) -> Iterator[str]:
    """Texts of a shape: of its formats, of its patterns, or of its length alone."""
    for name in sorted(it.formats):
        yield from FORMATS[name].examples if name in FORMATS else ()
    for end in (it.number.low, it.number.high):
        if end is not None:
            yield from decimals_near(end)
    try:
        found = text_between(tuple(sorted(it.patterns)), (), it.shortest, it.longest)
    except Beyond:
        found = None
    if found is not None:
        yield found
    if not it.patterns and it.shortest <= _LONGEST:
        yield "a" * it.shortest
        yield "a" * max(1, it.shortest)
    yield from OTHERWISE


def decimals_near(end: Fraction) -> Iterator[str]:
    """Decimals at an end and near it, as text."""
    for number in (end, end + 1, end - 1, end - Fraction(1, 100), end + Fraction(1, 100), end / 2):
        text = f"{float(number):.4f}".rstrip("0").rstrip(".")
        yield from (text, f"{float(number):.2f}")
