"""One defect: a place, what stands there, what a tired programmer might have written instead."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Defect:
    """Its old text stands exactly once in its file."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    """Those that catch it, as pytest names them."""
    broker: bool = False
    """Whether only a test with a broker can catch it."""

    @property
    def named(self) -> bool:
        """Whether its tests are named one by one: those that take long are run too then."""
        return all("::" in test for test in self.tests)

    def problem_in(self, project: Path) -> str:
        """Why it cannot be applied to a project; empty if it can."""
        path = project / self.file
        if not path.is_file():
            return f"there is no {self.file}"
        count = path.read_text().count(self.old)
        return "" if count == 1 else f"its old text stands {count} times in {self.file}"


def in_runtime(name: str, file: str, old: str, new: str, *tests: str) -> Defect:
    """A defect of the runtime, caught by the conformance suite unless the test says another folder."""
    where = (test if "/" in test else f"tests/conformance/{test}" for test in tests)
    return Defect(name, f"runtime/amphibus/{file}.py", old, new, tuple(where))


def of_the_broker(name: str, file: str, old: str, new: str, *tests: str) -> Defect:
    """A defect of the runtime that only a test with a broker can catch."""
    return Defect(name, f"runtime/amphibus/{file}.py", old, new, tests, broker=True)


def in_shop(name: str, file: str, old: str, new: str, *tests: str) -> Defect:
    """A defect of a module of the shop."""
    where = tuple(f"tests/modules/{test}" for test in tests)
    return Defect(name, f"modules/{file}.py", old, new, where)
