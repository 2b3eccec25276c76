"""The arithmetic behind every figure: medians, ratios of neighbours, slopes and their intervals."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.spread import Slope, Spread, percentile, ratios

VALUES = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=40)


@given(VALUES)
def test_the_middle_lies_within_the_spread(values: list[float]) -> None:
    spread = Spread.of(values)

    assert spread.low <= spread.middle <= spread.high
    assert sum(value < spread.middle for value in values) <= len(values) / 2
    assert sum(value > spread.middle for value in values) <= len(values) / 2


@given(VALUES, st.floats(0.5, 8))
def test_a_ratio_is_that_of_neighbours_in_time(values: list[float], factor: float) -> None:
    """A machine that slows down meanwhile changes both, and not their ratio."""
    found = ratios([value * factor for value in values], values, less_is_better=False)

    assert found == pytest.approx([factor] * len(values))


def test_what_was_not_run_equally_often_is_not_compared() -> None:
    with pytest.raises(ValueError, match="equally often"):
        ratios([1.0, 2.0], [1.0], less_is_better=False)


def test_nothing_never_wins() -> None:
    assert ratios([5.0], [0.0], less_is_better=False) == [0.0]
    assert ratios([5.0], [0.0], less_is_better=True) == [math.inf]


@given(VALUES, st.floats(0, 1))
def test_a_percentile_is_a_value_that_its_share_does_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) <= share * len(values)


@given(st.floats(-50, 50), st.floats(-100, 100))
def test_points_on_a_line_have_its_slope_and_no_doubt(slope: float, start: float) -> None:
    found = Slope.through([(x, start + slope * x) for x in range(3, 8)])

    assert found.value == pytest.approx(slope, abs=1e-6)
    assert found.high - found.low == pytest.approx(0, abs=1e-4)


def test_the_interval_holds_the_true_slope_about_19_times_in_20() -> None:
    chance = random.Random(20)
    held = 0
    for _ in range(1_000):
        points = [(x, 3.0 * x + chance.gauss(0, 5)) for x in (3, 4, 5, 6) for _ in range(5)]
        found = Slope.through(points)
        held += found.low <= 3.0 <= found.high

    assert 920 <= held <= 980


def test_growth_is_claimed_only_when_it_is_certain() -> None:
    certain = Slope.through([(1, 10.0), (2, 20.1), (3, 29.9), (4, 40.0)])
    doubtful = Slope.through([(1, 10.0), (2, 9.0), (3, 11.0), (4, 10.2)])

    assert certain.grows
    assert not doubtful.grows
