"""Median and spread of what was measured, ratios of pairs, and the slope through points with its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

# Student's t, two-sided 95 %, by degrees of freedom; beyond the table the normal distribution is near enough.
_T95: Final = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
_NORMAL95: Final = 1.960


@dataclass(frozen=True, slots=True)
class Spread:
    """What came of several repetitions."""

    middle: float
    """The median."""
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Raises ValueError without values."""
        if not values:
            raise ValueError("nothing was measured")
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Slope:
    """How much y grows for each 1 that x grows, with the interval that holds it in 19 of 20 cases."""

    value: float
    low: float
    high: float

    @property
    def grows(self) -> bool:
        """Whether growth is certain: the whole interval lies above nothing."""
        return self.low > 0

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]]) -> "Slope":
        """Least squares. Raises ValueError for fewer than 3 points, or if all have one x."""
        count = len(points)
        if count < 3 or len({x for x, _ in points}) < 2:
            raise ValueError("a slope needs 3 points and 2 places")
        mean_x, mean_y = fmean(x for x, _ in points), fmean(y for _, y in points)
        width = sum((x - mean_x) ** 2 for x, _ in points)
        value = sum((x - mean_x) * (y - mean_y) for x, y in points) / width
        rest = sum((y - mean_y - value * (x - mean_x)) ** 2 for x, y in points)
        free = count - 2
        t = _T95[free - 1] if free <= len(_T95) else _NORMAL95
        half = t * math.sqrt(rest / free / width)
        return cls(value, value - half, value + half)


def ratios(ours: Sequence[float], theirs: Sequence[float], *, less_is_better: bool) -> list[float]:
    """Ours to theirs, one for each repetition, as they were run in turn; more than 1 is in our favour for rates.

    Where less is better (a latency) it is still ours divided by theirs, and less than 1 is in our favour.
    """
    if len(ours) != len(theirs):
        raise ValueError("what is compared was not run equally often")
    nothing = math.inf if less_is_better else 0.0
    return [mine / other if other else nothing for mine, other in zip(ours, theirs, strict=True)]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all do not exceed (nearest rank). Raises ValueError without values."""
    if not values:
        raise ValueError("nothing was measured")
    ranked = sorted(values)
    return ranked[min(len(ranked), max(1, math.ceil(share * len(ranked)))) - 1]
