"""When a writer waits for more messages before it commits."""

from hypothesis import given
from hypothesis import strategies as st

from amphibus.unit_of_work.commit_delay import CommitDelay


def of(*commits: tuple[str, ...]) -> CommitDelay:
    watched = CommitDelay(0.005)
    for flows in commits:
        watched.saw(flows)
    return watched


@given(st.lists(st.lists(st.sampled_from(["", "a"]))))
def test_one_flow_never_waits(commits: list[list[str]]) -> None:
    assert of(*map(tuple, commits)).pause == 0.0


def test_it_waits_while_several_flows_come_together() -> None:
    assert of(*[("a", "b", "c", "d")] * 50).pause == 0.005


def test_what_nobody_waits_for_does_not_count() -> None:
    assert of(*[("a", *[""] * 60)] * 50).pause == 0.0


def test_a_burst_is_soon_forgotten() -> None:
    burst = tuple(map(str, range(1_000)))

    assert of(*[burst] * 10).pause == 0.005
    assert of(*[burst] * 10, *[("a",)] * 30).pause == 0.0


def test_it_can_be_turned_off() -> None:
    watched = CommitDelay(0.0)
    for _ in range(50):
        watched.saw(("a", "b", "c", "d"))

    assert watched.pause == 0.0
