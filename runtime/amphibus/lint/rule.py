"""The form of a rule, and the decorator that makes one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import dedent
from typing import Final, Literal

from amphibus.lint.subject import Subject

Level = Literal["error", "warning", "off"]
Problem = tuple[str, str]
"""The place in the contract, and what is wrong there."""
Look = Callable[[Subject], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class LintRule:
    """One rule."""

    id: str
    level: Level
    title: str
    why: str
    fix: str
    fails: str
    """A page that breaks the rule."""
    passes: str
    """The same page as it should be."""
    look: Look


_RULES: Final[dict[str, LintRule]] = {}


def rule(
    id_: str, level: Level, title: str, *, why: str, fix: str, fails: str, passes: str
) -> Callable[[Look], Look]:
    """Makes a rule of a function that yields problems."""

    def made(look: Look) -> Look:
        _RULES[id_] = LintRule(
            id_, level, title, why, fix, dedent(fails).strip(), dedent(passes).strip(), look
        )
        return look

    return made


def made_rules() -> dict[str, LintRule]:
    """Returns the rules that were made so far, by their ids."""
    return dict(sorted(_RULES.items()))
