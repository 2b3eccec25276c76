"""The values of contracts say on the wire what they were given, or refuse it."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from amphibus.contract import Amount, Day, Moment, Value


class _Noted(Value):
    at: Moment


class _Planned(Value):
    on: Day


class _Priced(Value):
    price: Amount


@pytest.mark.parametrize(
    "zone",
    [
        ZoneInfo("Europe/Amsterdam"),
        timezone(timedelta(hours=-5, seconds=-1)),
        timezone(timedelta(microseconds=5)),
    ],
)
def test_an_instant_of_a_zone_with_seconds_stays_the_same_on_the_wire(
    zone: ZoneInfo | timezone,
) -> None:
    """The mean times of the past: RFC 3339 has no seconds in its zones, and they were cut off."""
    at = datetime(1920, 1, 1, 12, tzinfo=zone)

    received = _Noted.model_validate_json(_Noted(at=at).model_dump_json())

    assert received.at == at


def test_a_zone_of_whole_minutes_is_kept_as_it_was_given() -> None:
    assert _Noted(at=datetime.fromisoformat("2026-03-01T08:26:00+05:45")).model_dump_json() == (
        '{"at":"2026-03-01T08:26:00+05:45"}'
    )


def test_an_amount_too_large_to_reckon_with_is_an_error_of_its_field() -> None:
    for amount in (Decimal("1E+30"), Decimal("1E+999999"), Decimal("1e18")):
        with pytest.raises(ValidationError, match="must have at most 18 digits"):
            _Priced(price=amount)


@pytest.mark.parametrize("day", ["1900-01-01", "2999-12-31"])
def test_a_day_has_one_before_and_one_after_it(day: str) -> None:
    """A handler that goes a day on, or back, meets no end of time."""
    on = _Planned.model_validate_json(f'{{"on": "{day}"}}').on

    assert on - timedelta(days=1) < on < on + timedelta(days=1)


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
def test_a_day_outside_of_the_time_of_instants_is_none(day: str) -> None:
    with pytest.raises(ValidationError, match="must lie between 1900 and 2999"):
        _Planned.model_validate_json(f'{{"on": "{day}"}}')
    with pytest.raises(ValidationError):
        _Planned(on=date.fromisoformat(day))
