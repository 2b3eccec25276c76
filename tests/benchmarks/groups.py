"""The groups of figures, in the order in which they are run."""

import importlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure

Measure = Callable[[Bench], AsyncIterator[Figure]]
NAMES: Final[Mapping[str, str]] = {
    "flow": "order_flow",
    "hop": "hop",
    "relay": "relaying",
    "request": "requests",
    "gateway": "gateway",
    "rights": "rights",
    "process": "in_process",
    "growth": "growth",
    "start": "starting",
    "profile": "profile",
}
"""What `--only` takes -> the file that measures it."""


def measure(name: str, bench: Bench) -> AsyncIterator[Figure]:
    """Measures one group."""
    found: Measure = importlib.import_module(f"tests.benchmarks.{NAMES[name]}").measure
    return found(bench)
