"""The fingerprint of a dead letter: letters that died of one cause have the same, whatever their keys and values.

It is read from the texts that are kept of a failure, so that letters of older versions get one too.
"""

import hashlib
import re
from pathlib import Path
from typing import Final, NamedTuple

from amphibus.messages.failure import Failure

_EXCEPTION: Final = re.compile(r"([A-Za-z_]\w{0,99})(?::|$)")
_FRAME: Final = re.compile(
    r'^  File "(?P<file>[^"\n]{1,1000})", line \d+, in (?P<what>\S.*)$', re.MULTILINE
)
_FOREIGN: Final = re.compile(r"/(?:site|dist)-packages/|/python3\.\d+/|^<")
_RUNTIME: Final = f"{Path(__file__).parents[1]}/"
_OF_TESTS: Final = f"{_RUNTIME}testing/"
_OURS: Final = re.compile(r"(?:^|/)((?:modules|contracts)/.+)$")
_LONGEST: Final = 200
_DIGITS: Final = 12


class Fingerprint(NamedTuple):
    """The cause of a death, as letters are grouped by it."""

    exception: str
    """The class of the exception; the reason where none was raised."""
    frame: str
    """The last frame of the project's own code, as `modules/payments/handlers.py authorize`; empty if there is none.

    Without the number of its line, which moves with each edit of the file.
    """
    digest: str
    """A short name of both and of the type of the message."""


def fingerprint_of(type_: str, failure: Failure) -> Fingerprint:
    """Returns the fingerprint of a message of some type that died of a failure."""
    exception, frame = _exception(failure), _last_own_frame(failure.traceback)
    digest = hashlib.sha256(f"{type_}\0{exception}\0{frame}".encode()).hexdigest()[:_DIGITS]
    return Fingerprint(exception, frame, digest)


def _exception(failure: Failure) -> str:
    said = _EXCEPTION.match(failure.error) if failure.traceback else None
    return failure.reason[:_LONGEST] if said is None else said[1]


def _last_own_frame(traceback: str) -> str:
    last = ""
    for each in _FRAME.finditer(traceback):
        if _is_own(each["file"]):
            last = f"{_short(each['file'])} {each['what']}"
    return last[:_LONGEST]


def _is_own(file: str) -> bool:
    if file.startswith(_RUNTIME):
        return file.startswith(_OF_TESTS)
    return _FOREIGN.search(file) is None


def _short(file: str) -> str:
    """The path inside the project, the same on every machine."""
    inside = _OURS.search(file)
    return inside[1] if inside else "/".join(file.split("/")[-2:])
