"""What a group of figures is given: services, how long it may take, and a way to say how far it is."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.benchmarks.child import Broken, Child, contestant
from tests.benchmarks.services import Services

T = TypeVar("T")
Run = Callable[[], Awaitable[T]]


@dataclass
class Bench:
    """One run of the suite."""

    services: Services
    quick: bool
    began: float = field(default_factory=time.perf_counter)
    folder: Path = field(init=False)
    """For plots and other files that belong to the report."""

    def __post_init__(self) -> None:
        self.folder = self.services.place("report")

    @property
    def repetitions(self) -> int:
        """How often everything is run."""
        return 2 if self.quick else 3

    def some(self, count: float) -> float:
        """So much of something, or a fifth of it where it must be quick."""
        return count / 5 if self.quick else count

    def say(self, line: str) -> None:
        """A line of progress."""
        print(f"{time.perf_counter() - self.began:6.1f} s  {line}", file=sys.stderr, flush=True)  # noqa: T201

    async def in_turn(
        self, what: str, runs: Mapping[str, Run[T]], repetitions: int | None = None
    ) -> dict[str, list[T]]:
        """Runs them one after the other, again and again, so that whatever changes meanwhile meets all alike."""
        found: dict[str, list[T]] = {name: [] for name in runs}
        times = repetitions or self.repetitions
        for number in range(1, times + 1):
            for name, run in runs.items():
                try:
                    found[name].append(await run())
                except (Broken, TimeoutError) as error:
                    why = str(error) or "something did not come in time"
                    raise Broken(f"{what}, {name}, {number} of {times}: {why}") from error
            self.say(f"{what}: {number} of {times}")
        return found

    @asynccontextmanager
    async def children(self, *wanted: tuple[str, Mapping[str, Any]]) -> AsyncIterator[list[Child]]:
        """Starts contestants, `(module, setup)`: the first alone, as it may prepare things, then the others at once."""
        logs = self.services.place("logs")
        async with AsyncExitStack() as stack:

            async def start(number: int) -> Child:
                module, setup = wanted[number]
                return await stack.enter_async_context(
                    contestant(module, logs / f"{number}.log", **setup)
                )

            first = await start(0)
            others = await asyncio.gather(*(start(number) for number in range(1, len(wanted))))
            yield [first, *others]


def column(found: Mapping[str, Sequence[T]], value: Callable[[T], float]) -> dict[str, list[float]]:
    """One number of each run, by contestant."""
    return {name: [value(each) for each in runs] for name, runs in found.items()}
