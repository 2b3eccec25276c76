"""Instants and days as RFC 3339 writes them, and nothing that could be read in another way."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic import WithJsonSchema as JsonSchema

FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:)(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LEAP: Final = "60"
_WHOLE: Final = timedelta(minutes=1)


def moment_of(text: str) -> datetime:
    """The instant that a text names. A leap second is the first of the next minute, as POSIX counts it.

    Raises:
        ValueError: it is not RFC 3339 with a zone, there is no such day or hour, or it lies outside 1900 to 2999.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        message = "must be a time of RFC 3339 with its zone, such as 2026-03-01T08:26:00Z"
        raise ValueError(message)
    minute, second, fraction, zone = found.groups()
    leap = second == _LEAP
    try:
        moment = datetime.fromisoformat(
            f"{minute[:10]}T{minute[11:]}{'59' if leap else second}"
            f"{'' if leap else (fraction or '')[:7]}{zone.upper()}"
        )
    except ValueError:
        message = "must be a time that exists, such as 2026-03-01T08:26:00Z"
        raise ValueError(message) from None
    return _within(moment, leap=leap)


def _within(moment: datetime, *, leap: bool = False) -> datetime:
    """Compares before anything is added: at the ends of time every sum is an error.

    Local mean times of the past have seconds in their zone, which no text of RFC 3339 can hold.
    """
    if not FIRST <= moment <= LAST:
        message = f"must lie between {FIRST.year} and {LAST.year}"
        raise ValueError(message)
    if (moment.utcoffset() or _WHOLE) % _WHOLE:
        moment = moment.astimezone(UTC)
    return moment + timedelta(seconds=leap)


def reads_moments(value: Any) -> Any:
    """Takes text of RFC 3339 and instants of Python, and no numbers."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        message = "must be a time in quotes, such as 2026-03-01T08:26:00Z"
        raise ValueError(message)  # noqa: TRY004 - Pydantic turns it into a field error
    return moment_of(value)


def reads_days(value: Any) -> Any:
    """Takes text of the form YYYY-MM-DD and days of Python between 1900 and 2999, and no numbers."""
    day = value if isinstance(value, date) else _day_of(value)
    if not FIRST.year <= day.year <= LAST.year:
        message = f"must lie between {FIRST.year} and {LAST.year}"
        raise ValueError(message)
    return day


def _day_of(value: object) -> date:
    message = "must be a day, such as 2026-03-01"
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise ValueError(message)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(message) from None


Moment = Annotated[
    AwareDatetime,
    AfterValidator(_within),
    BeforeValidator(reads_moments),
    JsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant between 1900 and 2999, with its zone; no numbers, no shorter forms."""
Day = Annotated[date, BeforeValidator(reads_days), JsonSchema({"type": "string", "format": "date"})]
"""A day of the calendar between 1900 and 2999, as YYYY-MM-DD and in no other form."""
