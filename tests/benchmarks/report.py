"""What is printed and written of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Comparison, Figure
from tests.benchmarks.spread import Spread


@dataclass(frozen=True, slots=True)
class Results:
    machine: dict[str, str]
    figures: Sequence[Figure]
    quick: bool
    made: str

    def as_json(self) -> dict[str, Any]:
        return {"figures": [each.as_json() for each in self.figures]}


def number(value: float) -> str:
    """Three digits that count, and thousands apart."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.3f}"


def lines(figure: Figure) -> Iterator[str]:
    yield f"{figure.title} [{figure.unit}]"
    for name, values in figure.values.items():
        spread = Spread.of(values)
        yield f"  {name}: {number(spread.middle)} ({number(spread.low)}..{number(spread.high)})"
    for each in figure.comparisons:
        ratio = figure.ratio(each)
        yield f"  {each.ours} / {each.theirs} = {number(ratio.middle)} ({number(ratio.low)}..{number(ratio.high)}) promised {each.promised} {figure.reached(each)}"
    yield from figure.facts


def table(figures: Sequence[Figure]) -> str:
    return "\n".join(line for figure in figures for line in lines(figure))


def write(results: Results, folder: Path) -> None:
    pass
