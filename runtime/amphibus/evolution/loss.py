"""A silent loss: a value that one version of a contract writes, and the other takes without keeping it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from amphibus.evolution.differences.changes import Path


@dataclass(frozen=True, slots=True)
class Loss:
    """A place whose value the reader loses, and the place at which it would be, had it been kept."""

    at: Path
    kept: Path | None
    unsaid: Sequence[Any]
    """Values that are there by default: nobody misses them."""

    def happened(self, before: Any, after: Any) -> bool:
        """Returns whether a document says something that is not said by what a reader has made of it."""
        left = 0 if self.kept is None else self._said(after, self.kept)
        return self._said(before, self.at) > left

    def can_happen(self, document: Any) -> bool:
        """Returns whether a document says something at the place."""
        return self._said(document, self.at) > 0

    def _said(self, document: Any, path: Path) -> int:
        unsaid = list(map(_plain, self.unsaid))
        return sum(_plain(each) not in unsaid for each in values_at(document, path))


def _plain(value: Any) -> str:
    """The same text for the same value: 0.00 is 0, and true is not 1."""
    try:
        return str(Decimal(value).normalize()) if isinstance(value, str) else json.dumps(value)
    except InvalidOperation:
        return json.dumps(value)


def values_at(value: Any, path: Path) -> Iterator[Any]:
    """Yields the values that a path leads to."""
    if not path:
        yield value
        return
    step, *rest = path
    if isinstance(value, list) and step.startswith("["):
        inside = value if step == "[]" else value[int(step[1:-1]) :][:1]
    elif isinstance(value, dict):
        inside = [*value.values()] if step == "*" else [value[step]] if step in value else []
    else:
        inside = []
    for each in inside:
        yield from values_at(each, tuple(rest))
