"""A rate is kept over time, whatever the moments at which it is asked."""

import random

import pytest

from amphibus.host.steering.pace import Pace


@pytest.mark.parametrize("per_second", [200.0, 50.0, 7.5, 0.5])
def test_so_many_are_taken_in_a_time_at_whatever_moments(per_second: float) -> None:
    chance, now, taken = random.Random(7), 100.0, 0
    pace, ends = Pace(per_second, now), 100.0 + 60
    while now < ends:
        room = pace.room(now)
        taken += room
        pace.took(room)
        now += pace.pause(now) + chance.random()

    assert 0.9 * per_second * 60 <= taken <= per_second * 60 + 1


def test_what_a_long_moment_left_undone_is_not_caught_up_with() -> None:
    pace = Pace(100.0, 0.0)

    assert pace.room(60.0) == 1
    pace.took(1)
    assert pace.room(60.5) == 50


def test_a_batch_that_is_smaller_than_what_is_allowed_leaves_the_rest() -> None:
    pace = Pace(10.0, 0.0)

    assert pace.room(1.0) == 10
    pace.took(4)
    assert pace.room(1.0) == 6
    assert pace.pause(1.0) == pytest.approx(0.05)


def test_without_a_rate_there_is_always_room() -> None:
    pace = Pace(None, 0.0)
    pace.took(1_000_000)

    assert pace.room(0.0) > 1_000_000
    assert pace.pause(0.0) == 0.0
