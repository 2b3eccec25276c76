"""The arithmetic of rates and shares: never more than was said, and nothing left over that somebody wants."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amphibus.policy.rate import AHEAD, parse_rate, reserve
from amphibus.policy.shares import fair_shares, next_held

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND


@given(
    st.integers(1, 2_000),
    st.lists(st.tuples(st.integers(0, 2 * SECOND), st.integers(1, 100)), max_size=60),
)
def test_turns_follow_each_other_no_closer_than_the_rate(
    most: int, asked: list[tuple[int, int]]
) -> None:
    """Whoever asks, and whenever: instances ask one after the other, from one row."""
    interval, last, now = parse_rate(f"{most}/s").interval, None, NOW
    turns: list[int] = []
    for pause, wanted in asked:
        now += pause
        reserved = reserve(last, now=now, interval=interval, wanted=wanted)
        last = reserved.last
        turns += [reserved.first + place * interval for place in range(reserved.turns)]
        assert reserved.turns <= wanted
        assert all(now <= turn <= now + AHEAD for turn in turns[len(turns) - reserved.turns :])

    assert all(later - earlier >= interval for earlier, later in pairwise(turns))
    assert interval * most >= SECOND


@given(st.integers(1, 1_000), st.integers(1, 100))
def test_whoever_asks_again_and_again_gets_the_whole_rate(most: int, instances: int) -> None:
    """No turn is lost because it was taken in advance, or by whom."""
    interval, last, taken = parse_rate(f"{most}/s").interval, None, 0
    for now in range(NOW, NOW + 2 * SECOND, SECOND // 20):
        for _ in range(instances):
            reserved = reserve(last, now=now, interval=interval, wanted=10)
            last, taken = reserved.last, taken + reserved.turns
    possible = min(2 * most, 40 * 10 * instances)

    assert taken >= 0.97 * possible - 1


def test_a_clock_that_was_set_back_stops_nobody() -> None:
    before = reserve(None, now=NOW, interval=SECOND, wanted=1).last
    after = reserve(before, now=NOW - 3_600 * SECOND, interval=SECOND, wanted=1)

    assert (after.first, after.turns) == (NOW - 3_600 * SECOND, 1)


@pytest.mark.parametrize("text", ["", "0/s", "50", "5/y", "-1/s", "1.5/s", "50/ s", "200000/s"])
def test_what_is_no_rate_is_refused_with_what_is_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"50/s|nobody can tell"):
        parse_rate(text)


@given(st.integers(1, 50), st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(0))
def test_shares_are_fair_and_use_all_there_is(at_most: int, wanted: list[int], first: int) -> None:
    shares = fair_shares(at_most, wanted, first=first)

    assert sum(shares) == min(at_most, sum(wanted))
    assert all(0 <= share <= want for share, want in zip(shares, wanted, strict=True))
    unmet = [share for share, want in zip(shares, wanted, strict=True) if share < want]
    assert all(max(shares) - share <= 1 for share in unmet)


@given(st.integers(1, 5), st.integers(2, 9))
def test_nobody_is_left_without_for_long(at_most: int, instances: int) -> None:
    had = [0] * instances
    for first in range(instances):
        for place, share in enumerate(fair_shares(at_most, [9] * instances, first=first)):
            had[place] += share

    assert min(had) > 0


@given(
    st.integers(1, 8),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12), st.booleans()), max_size=80),
)
def test_all_together_never_hold_more(at_most: int, steps: list[tuple[int, int, bool]]) -> None:
    """Instances come one after the other, each with what it wants then, and end what they have begun at any time."""
    held, in_use, wanted = [0] * 4, [0] * 4, [0] * 4
    for turn, (who, wants, ends) in enumerate(steps):
        wanted[who] = in_use[who] + wants
        share = fair_shares(at_most, wanted, first=turn)[who]
        others = sum(held) - held[who]
        held[who] = next_held(share, in_use=in_use[who], others=others, at_most=at_most)
        in_use[who] = 0 if ends else min(wanted[who], held[who])
        assert sum(held) <= at_most
