"""A pause in words, for the commands that show one."""

from amphibus.cli.output import moment
from amphibus.messages.contracts.amphibus.answers import PausedType


def in_words(pause: PausedType) -> str:
    """Returns a pause as people read it."""
    end = f" until {moment(pause.until)}" if pause.until is not None else ""
    why = f": {pause.reason}" if pause.reason else ""
    what = f"{pause.type} is paused" if pause.type else "paused"
    return f"{what} since {moment(pause.since)}{end}{why}"
