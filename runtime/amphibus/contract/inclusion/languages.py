"""The languages of patterns: a text that some patterns take and others do not, or the proof that there is none."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from amphibus.contract.inclusion.characters import representatives
from amphibus.contract.inclusion.limits import Beyond
from amphibus.contract.inclusion.pattern import Automaton, automaton_of

_MOST_STATES: Final = 6_000
_COUNTED: Final = 300
"""The longest text whose characters are counted; beyond, an end of the length is left out of the search."""


@dataclass(slots=True)
class Language:
    """The texts of one pattern, with the states that were met kept."""

    automaton: Automaton
    _next: dict[tuple[frozenset[int], str], frozenset[int]] = field(default_factory=dict)

    def start(self) -> frozenset[int]:
        """The states before the first character."""
        return self._spread({0})

    def after(self, states: frozenset[int], character: str) -> frozenset[int]:
        """The states after one more character."""
        found = self._next.get((states, character))
        if found is None:
            code = ord(character)
            reached = {
                target
                for state in states
                for characters, target in self.automaton.moves[state]
                if any(low <= code <= high for low, high in characters)
            }
            found = self._next[states, character] = self._spread(reached)
        return found

    def takes(self, states: frozenset[int]) -> bool:
        """Returns whether a text may end here."""
        return self.automaton.end in states

    def _spread(self, states: set[int]) -> frozenset[int]:
        waiting = list(states)
        while waiting:
            for free in self.automaton.free[waiting.pop()]:
                if free not in states:
                    states.add(free)
                    waiting.append(free)
        return frozenset(states)


@lru_cache(maxsize=256)
def language(pattern: str) -> Language:
    """The language of a pattern.

    Raises:
        Beyond: the pattern is not regular, too large, or not understood.
    """
    return Language(automaton_of(pattern))


@lru_cache(maxsize=1024)
def text_between(
    taken: tuple[str, ...],
    refused: tuple[str, ...],
    shortest: int = 0,
    longest: int | None = None,
) -> str | None:
    """The shortest text that all of `taken` and none of `refused` take; None where there is none.

    Raises:
        Beyond: a pattern is not understood, or the search is too large.
    """
    search = _Search([language(each) for each in taken], [language(each) for each in refused])
    if shortest == 0 and (longest is None or longest > _COUNTED):
        found = search.run(0, None)
        if found is None or longest is None or len(found) <= longest:
            return found
        raise Beyond("a text is too long to be counted")
    if shortest > _COUNTED:
        raise Beyond("a text is too long to be counted")
    return search.run(shortest, longest)


class _Search:
    def __init__(self, taken: Sequence[Language], refused: Sequence[Language]) -> None:
        self._taken, self._refused = taken, refused
        sets = [
            characters
            for each in (*taken, *refused)
            for moves in each.automaton.moves
            for characters, _ in moves
        ]
        self._alphabet = representatives(sets)

    def run(self, shortest: int, longest: int | None) -> str | None:
        """Looks at ever longer texts; those that no pattern tells apart count once."""
        most = longest if longest is not None else shortest
        start = tuple(each.start() for each in (*self._taken, *self._refused))
        waiting = deque([(start, 0, "")])
        met = {(start, 0)}
        while waiting:
            states, length, text = waiting.popleft()
            if len(text) >= shortest and self._wanted(states):
                return text
            if longest is not None and len(text) == longest:
                continue
            for character, following in self._following(states):
                key = (following, min(length + 1, most))
                if key not in met:
                    if len(met) >= _MOST_STATES:
                        raise Beyond("patterns are too large to be compared")
                    met.add(key)
                    waiting.append((following, key[1], text + character))
        return None

    def _following(
        self, states: tuple[frozenset[int], ...]
    ) -> Iterator[tuple[str, tuple[frozenset[int], ...]]]:
        languages = (*self._taken, *self._refused)
        for character in self._alphabet:
            following = tuple(
                each.after(state, character) for each, state in zip(languages, states, strict=True)
            )
            if all(following[: len(self._taken)]):
                yield character, following

    def _wanted(self, states: tuple[frozenset[int], ...]) -> bool:
        taken = len(self._taken)
        return all(
            each.takes(state) for each, state in zip(self._taken, states, strict=False)
        ) and not any(
            each.takes(state) for each, state in zip(self._refused, states[taken:], strict=True)
        )
