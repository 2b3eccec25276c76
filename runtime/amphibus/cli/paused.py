"""A pause and a limit in words, for the commands that show one."""

from amphibus.cli.output import moment
from amphibus.messages.contracts.amphibus.answers import PausedType
from amphibus.messages.contracts.amphibus.limits import LimitedType


def in_words(pause: PausedType) -> str:
    """Returns a pause as people read it."""
    end = f" until {moment(pause.until)}" if pause.until is not None else ""
    why = f": {pause.reason}" if pause.reason else ""
    what = f"{pause.type} is paused" if pause.type else "paused"
    return f"{what} since {moment(pause.since)}{end}{why}"


def limit_in_words(limit: LimitedType) -> str:
    """Returns a limit that was set as people read it."""
    said = [f"at most {limit.at_most} at once"] if limit.at_most is not None else []
    said += [f"no more than {limit.rate}"] if limit.rate is not None else []
    end = f" until {moment(limit.until)}" if limit.until is not None else ""
    why = f": {limit.reason}" if limit.reason else ""
    return f"{limit.type} is limited since {moment(limit.since)}{end} to {' and '.join(said)}{why}"
