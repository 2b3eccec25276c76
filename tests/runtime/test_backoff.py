"""Delays grow by the factor, up to the limit, and no further than the jitter from it."""

from hypothesis import given
from hypothesis import strategies as st

from amphibus.config.policies import usual_policy
from amphibus.config.settings import BusSettings
from amphibus.inbox.backoff import backoff

SETTINGS = st.builds(
    BusSettings,
    retry_first_seconds=st.floats(0.001, 100),
    retry_factor=st.floats(1, 100),
    retry_limit_seconds=st.floats(0.001, 86_400),
    retry_jitter=st.floats(0, 1),
)


@given(SETTINGS, st.integers(0, 10_000))
def test_a_delay_is_within_the_jitter_of_its_step(settings: BusSettings, tries: int) -> None:
    """A message may be tried for weeks: no number of tries may overflow."""
    grown = settings.retry_first_seconds * settings.retry_factor ** min(tries, 64)
    step = min(settings.retry_limit_seconds, grown) * 1_000_000

    delay = backoff(usual_policy(settings), tries)

    assert step * (1 - settings.retry_jitter) - 1 <= delay <= step * (1 + settings.retry_jitter) + 1


def test_delays_grow_and_then_stay() -> None:
    settings = BusSettings(
        retry_first_seconds=1, retry_factor=2, retry_limit_seconds=10, retry_jitter=0
    )

    assert [backoff(usual_policy(settings), tries) / 1_000_000 for tries in range(6)] == [
        1,
        2,
        4,
        8,
        10,
        10,
    ]


def test_retries_do_not_come_in_step() -> None:
    """A thousand messages that failed together would hit what is just coming back all at once."""
    delays = {backoff(usual_policy(BusSettings()), 3) for _ in range(50)}

    assert len(delays) > 40
