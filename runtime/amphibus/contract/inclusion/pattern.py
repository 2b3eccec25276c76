"""Patterns of JSON Schema, read into automata: the part of regular expressions that is regular.

A group that looks around or refers back, a word boundary, a flag and an anchor in the middle are not read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from amphibus.contract.inclusion.characters import (
    ALL,
    NO_NEW_LINE,
    Characters,
    named,
    others,
    union,
)
from amphibus.contract.inclusion.limits import Beyond

_MOST_STATES: Final = 4_000
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0, "a": 7}
_HEX_DIGITS: Final = {"x": 2, "u": 4, "U": 8}
_ENDLESS: Final = -1


@dataclass(slots=True)
class Automaton:
    """A non-deterministic automaton; state 0 is its start."""

    free: list[list[int]] = field(default_factory=list)
    """Where each state leads without a character."""
    moves: list[list[tuple[Characters, int]]] = field(default_factory=list)
    end: int = 0

    def state(self) -> int:
        """A new state.

        Raises:
            Beyond: there are too many.
        """
        if len(self.free) >= _MOST_STATES:
            raise Beyond("a pattern is too large")
        self.free.append([])
        self.moves.append([])
        return len(self.free) - 1


Piece = Callable[[int], int]
"""Adds its states after a state and returns the state at its end."""


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._made = Automaton()

    def automaton(self) -> Automaton:
        start, end = self._made.state(), self._made.state()
        while True:
            begins = self._take("^") or self._take("\\A")
            piece, anchored = self._branch()
            at = start if begins else self._repeated(self._characters(ALL), 0, _ENDLESS)(start)
            at = piece(at)
            at = at if anchored else self._repeated(self._characters(ALL), 0, _ENDLESS)(at)
            self._made.free[at].append(end)
            if not self._take("|"):
                break
        if self._at < len(self._text):
            raise self._beyond()
        self._made.end = end
        return self._made

    def _branch(self) -> tuple[Piece, bool]:
        pieces: list[Piece] = []
        while self._more() and self._text[self._at] not in "|)":
            if self._take("$") or self._take("\\Z"):
                if self._more() and self._text[self._at] != "|":
                    raise self._beyond()
                return self._in_turn(pieces), True
            pieces.append(self._quantified())
        return self._in_turn(pieces), False

    def _quantified(self) -> Piece:
        piece = self._atom()
        while self._more():
            fewest, most = self._counts()
            if fewest is None:
                return piece
            self._take("?")
            piece = self._repeated(piece, fewest, most)
        return piece

    def _counts(self) -> tuple[int | None, int]:
        for sign, fewest, most in (("*", 0, _ENDLESS), ("+", 1, _ENDLESS), ("?", 0, 1)):
            if self._take(sign):
                return fewest, most
        close = self._text.find("}", self._at)
        if not self._text.startswith("{", self._at) or close < 0:
            return None, 0
        low, comma, high = self._text[self._at + 1 : close].partition(",")
        if not low.isdecimal() or (high and not high.isdecimal()):
            return None, 0
        self._at = close + 1
        return int(low), int(high) if high else (_ENDLESS if comma else int(low))

    def _atom(self) -> Piece:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return self._characters(self._class())
        if character == ".":
            return self._characters(NO_NEW_LINE)
        if character == "\\":
            return self._characters(self._escaped())
        if character in "*+?^$":
            raise self._beyond()
        return self._characters(((ord(character), ord(character)),))

    def _group(self) -> Piece:
        if self._take("?") and not self._take(":"):
            raise self._beyond()
        branches: list[Piece] = []
        while True:
            piece, anchored = self._branch()
            if anchored:
                raise self._beyond()
            branches.append(piece)
            if not self._take("|"):
                break
        if not self._take(")"):
            raise self._beyond()
        return self._either(branches)

    def _class(self) -> Characters:
        negated = self._take("^")
        found: list[Characters] = []
        first = True
        while first or not self._text.startswith("]", self._at):
            first = False
            low = self._one_of_class()
            after = self._text[self._at + 1 : self._at + 2]
            if self._text.startswith("-", self._at) and after not in ("]", ""):
                self._at += 1
                high = self._one_of_class()
                if len(low) != 1 or len(high) != 1 or low[0][0] > high[0][0]:
                    raise self._beyond()
                low = ((low[0][0], high[0][0]),)
            found.append(low)
        self._at += 1
        return others(union(found)) if negated else union(found)

    def _one_of_class(self) -> Characters:
        character = self._next()
        if character == "[" or (character in "&|~" and self._text.startswith(character, self._at)):
            # Dialects read these in different ways inside a class.
            raise self._beyond()
        return self._escaped() if character == "\\" else ((ord(character), ord(character)),)

    def _escaped(self) -> Characters:
        letter = self._next()
        if letter in "dDwWsS":
            return named(letter)
        if letter in _HEX_DIGITS:
            digits = self._text[self._at : self._at + _HEX_DIGITS[letter]]
            self._at += len(digits)
            try:
                return ((int(digits, 16),) * 2,)
            except ValueError:
                raise self._beyond() from None
        if letter in _CONTROLS:
            return ((_CONTROLS[letter],) * 2,)
        if letter.isalnum():
            raise self._beyond()
        return ((ord(letter),) * 2,)

    def _characters(self, characters: Characters) -> Piece:
        def add(start: int) -> int:
            end = self._made.state()
            self._made.moves[start].append((characters, end))
            return end

        return add

    def _in_turn(self, pieces: list[Piece]) -> Piece:
        def add(start: int) -> int:
            for piece in pieces:
                start = piece(start)
            return start

        return add

    def _either(self, pieces: list[Piece]) -> Piece:
        def add(start: int) -> int:
            end = self._made.state()
            for piece in pieces:
                begin = self._made.state()
                self._made.free[start].append(begin)
                self._made.free[piece(begin)].append(end)
            return end

        return add

    def _repeated(self, piece: Piece, fewest: int, most: int) -> Piece:
        def add(start: int) -> int:
            for _ in range(fewest):
                start = piece(start)
            if most == _ENDLESS:
                loop = self._made.state()
                self._made.free[start].append(loop)
                self._made.free[piece(loop)].append(loop)
                return loop
            end = self._made.state()
            self._made.free[start].append(end)
            for _ in range(most - fewest):
                start = piece(start)
                self._made.free[start].append(end)
            return end

        return add

    def _more(self) -> bool:
        return self._at < len(self._text)

    def _next(self) -> str:
        if not self._more():
            raise self._beyond()
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, text: str) -> bool:
        taken = self._text.startswith(text, self._at)
        self._at += len(text) if taken else 0
        return taken

    def _beyond(self) -> Beyond:
        return Beyond(f"the pattern {self._text!r} is not regular, or not understood")


def automaton_of(pattern: str) -> Automaton:
    """The automaton of the texts in which a pattern is found.

    Raises:
        Beyond: the pattern is not regular, too large, or not understood.
    """
    return _Reader(pattern).automaton()
