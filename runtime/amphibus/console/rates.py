"""The rates of the system: what each type was handled at, between the last two looks at all processes."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from amphibus.console.look import Look
from amphibus.messages.contracts.amphibus.handled_answers import HandledType

_BETWEEN_SECONDS: Final = 0.9
_OLDEST_SECONDS: Final = 10.0
"""A look that is older says nothing of now."""
_Of = tuple[str, str]
"""The module that handles, and the type."""


@dataclass(frozen=True, slots=True)
class Handled:
    """The messages of one type in one module, over all its processes."""

    module: str
    type: str
    handled: int = 0
    refused: int = 0
    delayed: int = 0
    died: int = 0
    seconds: float = 0.0
    slow: float = 0.0
    per_second: float = 0.0

    @property
    def mean(self) -> float:
        """Returns the seconds that one took."""
        return self.seconds / self.handled if self.handled else 0.0


class Rates:
    """Lives as long as the console. Asks the processes only when somebody looks, and not more than once a second."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._asked = -_OLDEST_SECONDS
        self._before: dict[tuple[str, str, str], int] = {}
        self._now: dict[_Of, Handled] = {}

    async def now(self, look: Look) -> Mapping[_Of, Handled]:
        """Returns each module's types with their counts and rates."""
        async with self._turn:
            passed = time.monotonic() - self._asked
            if passed >= _BETWEEN_SECONDS:
                self._asked = time.monotonic()
                self._take(await look.handled(), passed)
        return self._now

    def _take(self, said: Mapping[str, Iterable[HandledType]], passed: float) -> None:
        counts, found = dict[tuple[str, str, str], int](), dict[_Of, Handled]()
        seen = {instance for instance, _, _ in self._before} if passed <= _OLDEST_SECONDS else set()
        for instance, types in said.items():
            for each in types:
                key, of = (instance, each.module, each.type), (each.module, each.type)
                counts[key] = each.handled
                more = each.handled - self._before.get(key, 0) if instance in seen else 0
                found[of] = _sum(found.get(of), each, more / passed)
        self._before, self._now = counts, found


def _sum(known: Handled | None, each: HandledType, rate: float) -> Handled:
    known = known or Handled(each.module, each.type)
    return Handled(
        each.module,
        each.type,
        known.handled + each.handled,
        known.refused + each.refused,
        known.delayed + each.delayed,
        known.died + each.died,
        known.seconds + each.seconds,
        max(known.slow, each.slow),
        known.per_second + rate,
    )
