"""A figure: what was measured of each contestant, and which of them are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.benchmarks.spread import Spread, ratios

Values = Mapping[str, Sequence[float]]
"""Contestant -> what came of each repetition."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A contestant of ours beside a peer or a limit, and what is promised of it."""

    ours: str
    theirs: str
    promised: float | None = None
    """At least this ratio, or at most where less is better; None is there to be looked at."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a plot, e.g. latency over rate."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Claim:
    """A promise that is no ratio."""

    says: str
    found: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One table of the report, with a plot."""

    group: str
    """Which part of the suite it belongs to, as for `--only`."""
    name: str
    title: str
    unit: str
    values: Values
    comparisons: Sequence[Comparison] = ()
    less_is_better: bool = False
    note: str = ""
    """What a reader must know to read it right."""
    curves: Sequence[Curve] = ()
    across: str = ""
    """What the curves go over; empty for bars."""
    up: str = ""
    """What they show, where it is not the figure itself in its unit."""
    logarithmic: bool = False
    facts: Sequence[str] = ()
    """Sentences that the run itself writes under the table."""
    claim: Claim | None = None

    def ratio(self, comparison: Comparison) -> Spread:
        """Median and spread of the ratio over the repetitions, each against its neighbour in time."""
        return Spread.of(
            ratios(
                self.values[comparison.ours],
                self.values[comparison.theirs],
                less_is_better=self.less_is_better,
            )
        )

    def reached(self, comparison: Comparison) -> bool | None:
        """Whether what is promised holds; None where nothing is."""
        if comparison.promised is None:
            return None
        middle = self.ratio(comparison).middle
        return (
            middle <= comparison.promised if self.less_is_better else middle >= comparison.promised
        )

    def as_json(self) -> dict[str, Any]:
        """For results.json."""
        compared = []
        for each in self.comparisons:
            ratio = self.ratio(each)
            compared.append(
                {
                    "ours": each.ours,
                    "theirs": each.theirs,
                    "ratio": ratio.middle,
                    "low": ratio.low,
                    "high": ratio.high,
                    "promised": each.promised,
                    "reached": self.reached(each),
                }
            )
        return {
            "group": self.group,
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "less_is_better": self.less_is_better,
            "values": {name: list(values) for name, values in self.values.items()},
            "comparisons": compared,
            "note": self.note,
            "across": self.across,
            "up": self.up,
            "logarithmic": self.logarithmic,
            "curves": {
                curve.name: [list(point) for point in curve.points] for curve in self.curves
            },
            "facts": list(self.facts),
            "claim": None if self.claim is None else asdict(self.claim),
        }


def from_json(found: Mapping[str, Any]) -> Figure:
    """The figure that `as_json` wrote."""
    return Figure(
        group=found["group"],
        name=found["name"],
        title=found["title"],
        unit=found["unit"],
        values=found["values"],
        comparisons=tuple(
            Comparison(each["ours"], each["theirs"], each["promised"])
            for each in found["comparisons"]
        ),
        less_is_better=found["less_is_better"],
        note=found["note"],
        curves=tuple(
            Curve(name, tuple((x, y) for x, y in points))
            for name, points in found["curves"].items()
        ),
        across=found["across"],
        up=found["up"],
        logarithmic=found["logarithmic"],
        facts=tuple(found["facts"]),
        claim=None if found["claim"] is None else Claim(**found["claim"]),
    )
