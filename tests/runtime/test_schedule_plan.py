"""The times of schedules: what time zones do to them, and what becomes of those that were missed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amphibus.clock import SECOND, as_datetime, as_microseconds
from amphibus.schedule.declared import Missed, every
from amphibus.schedule.plan import Plan, plan_of, why_no_plan
from amphibus.schedule.turn import AT_ONCE, MOST_COUNTED, next_time, turn
from amphibus.testing.conformance.contracts.desk import v1 as desk

LONDON, NEW_YORK = "Europe/London", "America/New_York"
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def plan(spec: str, timezone: str | None = None) -> Plan:
    return plan_of(every(spec, desk.Lend, timezone=timezone))


def at(text: str) -> int:
    return as_microseconds(datetime.fromisoformat(text).astimezone(UTC))


def times(of: Plan, since: str, until: str) -> list[str]:
    """All times between two, in the plan's zone."""
    found, now = [], at(since)
    while (now := of.after(now)) < at(until):
        found.append(of.local(now).strftime("%d %H:%M%z"))
    return found


@pytest.mark.parametrize(
    ("timezone", "spec", "since", "until", "expected"),
    [
        # The hour from 01:00 is skipped on 29 March 2026: what falls into it comes at its end, once.
        (LONDON, "30 1 * * *", "2026-03-28T00Z", "2026-03-31T00Z", ["28 01:30+0000", "29 02:00+0100", "30 01:30+0100"]),
        (LONDON, "0,30 1 * * *", "2026-03-29T00Z", "2026-03-30T00Z", ["29 02:00+0100"]),
        (LONDON, "0 1,2 * * *", "2026-03-29T00Z", "2026-03-30T00Z", ["29 02:00+0100"]),
        (NEW_YORK, "30 2 * * *", "2026-03-08T05Z", "2026-03-10T05Z", ["08 03:00-0400", "09 02:30-0400"]),
        # The hour from 01:00 is repeated on 25 October: what falls into it comes the first time.
        (LONDON, "30 1 * * *", "2026-10-24T12Z", "2026-10-27T00Z", ["25 01:30+0100", "26 01:30+0000"]),
        (NEW_YORK, "30 1 * * *", "2026-11-01T00Z", "2026-11-03T05Z", ["01 01:30-0400", "02 01:30-0500"]),
        # Begun in the repeated hour, after the first of the two.
        (LONDON, "30 1 * * *", "2026-10-25T01:10Z", "2026-10-27T00Z", ["26 01:30+0000"]),
        # With a star, real time counts.
        (LONDON, "0 * * * *", "2026-10-25T00:10+01:00", "2026-10-25T03:10Z",
         ["25 01:00+0100", "25 01:00+0000", "25 02:00+0000", "25 03:00+0000"]),
        (LONDON, "*/30 1 * * *", "2026-03-29T00Z", "2026-03-30T03Z", ["30 01:00+0100", "30 01:30+0100"]),
        (NEW_YORK, "0 * * * *", "2026-03-08T05:30Z", "2026-03-08T08:30Z",
         ["08 01:00-0500", "08 03:00-0400", "08 04:00-0400"]),
        # UTC skips nothing.
        (None, "30 1 * * *", "2026-03-29T00Z", "2026-03-30T00Z", ["29 01:30+0000"]),
    ],
)  # fmt: skip
def test_an_hour_that_a_zone_skips_or_repeats(
    timezone: str | None, spec: str, since: str, until: str, expected: list[str]
) -> None:
    assert times(plan(spec, timezone), since, until) == expected


def test_the_newest_time_is_the_last_one_before_now() -> None:
    """However long ago the first of them was, and on days that a zone makes longer or shorter."""
    for spec, timezone in (
        ("30 1 * * *", LONDON),
        ("0 6 * * 1-5", NEW_YORK),
        ("*/20 * * * *", LONDON),
    ):
        found = plan(spec, timezone)
        for day in ("2026-03-29", "2026-10-25", "2026-11-01"):
            first = found.after(at(f"{day}T00Z") - 400 * 24 * HOUR)
            for quarter in range(26 * 4):
                now = at(f"{day}T00Z") + quarter * 15 * MINUTE
                newest = found.newest(first, now)
                assert newest <= now < found.after(newest)


def test_intervals_are_counted_from_the_epoch() -> None:
    """So all instances agree on them, whenever they began."""
    assert times(plan("15m"), "2026-03-29T00:07Z", "2026-03-29T01:00Z") == [
        "29 00:15+0000", "29 00:30+0000", "29 00:45+0000",
    ]  # fmt: skip
    assert plan("15m").after(at("2026-03-29T00:15Z")) == at("2026-03-29T00:30Z")
    assert plan("2h").newest(at("2026-03-29T00:00Z"), at("2026-03-30T03:01Z")) == at(
        "2026-03-30T02:00Z"
    )


@pytest.mark.parametrize(
    ("spec", "timezone", "why"),
    [
        ("0 0 30 2 *", None, "'0 0 30 2 *' never comes: bad day-of-month"),
        ("0 0 31 4,6,9,11 *", LONDON, "'0 0 31 4,6,9,11 *' never comes: bad day-of-month"),
        ("0 24 * * *", None, "'0 24 * * *' never comes: bad hour"),
        (
            "0 6 * * *",
            "Europe/Londn",
            "'Europe/Londn' is no time zone; did you mean Europe/London?",
        ),
        ("0 6 * * *", "../../etc/passwd", "'../../etc/passwd' is no time zone"),
        ("15m", LONDON, "'15m' is an interval, which has no time zone; leave timezone= out"),
        ("400d", None, "'400d' is longer than a year"),
        ("0s", None, "'0s' is neither an interval"),
        ("* * * * * *", None, "'* * * * * *' is neither an interval"),
        ("daily", None, "'daily' is neither an interval"),
        ("0 0 29 2 *", None, ""),
        ("0 0 * 2 MON#5", None, ""),
    ],
)
def test_what_has_no_times_says_why(spec: str, timezone: str | None, why: str) -> None:
    said = why_no_plan(every(spec, desk.Lend, timezone=timezone))

    assert said.startswith(why) if why else said == ""


@pytest.mark.parametrize(
    ("missed", "now", "sent", "lost"),
    [
        ("once", "2026-03-26T07Z", ["26"], 3),
        ("all", "2026-03-26T07Z", ["23", "24", "25", "26"], 0),
        ("skip", "2026-03-26T07Z", [], 4),
        ("skip", "2026-03-26T06:00:59Z", ["26"], 3),
        ("once", "2026-03-23T06Z", ["23"], 0),
        ("all", "2026-03-23T06Z", ["23"], 0),
        ("skip", "2026-03-23T06Z", ["23"], 0),
    ],
)
def test_what_was_missed(missed: Missed, now: str, sent: list[str], lost: int) -> None:
    daily = plan("0 6 * * *")
    found = turn(daily, at("2026-03-23T06Z"), at(now), missed)

    assert [daily.local(each).strftime("%d") for each in found.times] == sent
    assert found.missed == lost
    assert found.next == daily.after(at(now))


def test_a_year_of_minutes_is_made_up_for_in_turns_and_counted_in_none() -> None:
    minutes, begin = plan("* * * * *"), at("2026-01-01T00Z")
    year = begin + 365 * 24 * HOUR
    first = turn(minutes, begin, year, "all")
    second = turn(minutes, first.next, year, "all")

    assert len(first.times) == AT_ONCE
    assert second.times[0] == first.times[-1] + MINUTE
    assert turn(minutes, begin, year, "once").missed == MOST_COUNTED
    assert turn(minutes, begin, year, "once").times == (year,)


@pytest.mark.parametrize(
    ("due", "last", "now", "expected"),
    [
        (None, None, "2026-03-23T05Z", "2026-03-23T06Z"),
        ("2026-03-23T06Z", None, "2026-03-23T05Z", "2026-03-23T06Z"),
        # The clock was an hour ahead when it sent that of six o'clock: it is not sent again.
        ("2026-03-24T06Z", "2026-03-23T06Z", "2026-03-23T05:10Z", "2026-03-24T06Z"),
        # It was a year ahead: all goes on today.
        ("2027-03-24T06Z", "2027-03-23T06Z", "2026-03-23T05Z", "2026-03-23T06Z"),
    ],
)
def test_a_clock_that_was_ahead_stops_nothing(
    due: str | None, last: str | None, now: str, expected: str
) -> None:
    def moment(text: str | None) -> Any:
        return None if text is None else at(text)

    found = next_time(plan("0 6 * * *"), moment(due), moment(last), at(now))

    assert as_datetime(found) == as_datetime(at(expected))


def test_a_plan_in_words() -> None:
    assert (
        plan("0 6 * * 1-5", LONDON).in_words() == "At 06:00 on Monday through Friday, Europe/London"
    )
    assert plan("1h").in_words() == "Every hour"
    assert plan("15m").in_words() == "Every 15 minutes"
    assert plan("0 0 1 * *").local(0) - timedelta(0) == as_datetime(0)
