"""Where the time of a profiled process goes: samples of stacks, given to what they were taken in."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

_COMMIT: Final = "commits of the database"
_OTHER: Final = "everything else"
_RULES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    # The first that fits a frame wins; frames are asked from the innermost outwards.
    (_COMMIT, ("SqliteConnection.commit ", "PostgresConnection.commit ")),
    (
        "statements of the runtime",
        (
            "(amphibus/database/sqlite/sql.py",
            "(amphibus/database/postgres",
            "(amphibus/database/delayed.py",
            "(amphibus/database/inbox.py",
            "(amphibus/database/outbox.py",
            "(amphibus/database/timers.py",
        ),
    ),
    ("the ORM and its statements", ("(sqlalchemy/", "(sqlmodel/", "(amphibus/database/sqlite")),
    ("validation and JSON", ("(pydantic/", "(amphibus/routing/codec.py", "(amphibus/contract/")),
    (
        "HTTP and acceptance",
        ("(uvicorn/", "(starlette/", "(amphibus/gateway/", "(amphibus/gateway/accepted_store.py"),
    ),
    ("handlers of the modules", ("(modules/", "(contracts/")),
    (
        "logs and metrics",
        ("(structlog/", "(prometheus_client/", "(amphibus/telemetry/", "(amphibus/inbox/report.py"),
    ),
    ("crash journal", ("(amphibus/unit_of_work/crash_journal.py",)),
    (
        "relay and transport",
        (
            "(amphibus/outbox/relay.py",
            "(amphibus/outbox/delivery_queue.py",
            "(amphibus/transports/",
        ),
    ),
    ("writer", ("(amphibus/unit_of_work/writer.py", "(amphibus/partitions/assignment.py")),
    ("receiver and process manager", ("(amphibus/",)),
    ("event loop", ("(asyncio/", "(uvloop/")),
)


def stacks(lines: Iterable[str]) -> Iterator[tuple[list[str], int]]:
    """Folded stacks, as py-spy writes them: frames from the outermost in, and how often they were seen."""
    for line in lines:
        frames, _, count = line.rstrip().rpartition(" ")
        if count.isdigit():
            yield frames.split(";"), int(count)


def shares(lines: Iterable[str]) -> dict[str, float]:
    """Part of all samples by what they were taken in, the largest first."""
    seen: Counter[str] = Counter()
    for frames, count in stacks(lines):
        seen[_place_of(frames)] += count
    total = sum(seen.values())
    return {name: count / total for name, count in seen.most_common()} if total else {}


def _place_of(frames: list[str]) -> str:
    for frame in reversed(frames):
        for name, marks in _RULES:
            if any(mark in frame for mark in marks):
                return name
    return _OTHER
