"""Text at the border: what a line may hold, and what an address is, the same for HTTP, bus and commands."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

_CONTROLS: Final = "\\x00-\\x1f\\x7f-\\x9f"
_DIRECTIONS: Final = "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"
_SEPARATORS: Final = "\\u2028\\u2029"
_INVISIBLE: Final = "\\ufeff\\ufff9-\\ufffb\\ufffe\\uffff"
ONE_LINE: Final = f"^[^{_CONTROLS}{_DIRECTIONS}{_SEPARATORS}{_INVISIBLE}]*$"
"""The pattern of a line of text: no control, no end of a line, nothing that turns the direction of the rest."""
_REFUSED: Final = re.compile(f"[{_CONTROLS}{_DIRECTIONS}{_SEPARATORS}{_INVISIBLE}\\ud800-\\udfff]")
_UNSTORABLE: Final = re.compile("[\\x00\\ud800-\\udfff]")
_REPLACEMENT: Final = "\ufffd"
LONGEST_KEY: Final = 255

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL: Final = rf"^{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+$"
_WRITTEN_EMAIL: Final = re.compile(_EMAIL)
_LONGEST_LOCAL_PART: Final = 64
_LONG_LOCAL_PART: Final = f"must have at most {_LONGEST_LOCAL_PART} characters before its @"


class SafeReason(ValueError):
    """A reason to refuse a value that repeats nothing of it, so that it may be told of a personal field too."""


def _in_one_line(text: str) -> str:
    refused = refused_in_line(text)
    if refused is not None:
        message = f"must be one line of text, and holds the character {refused}"
        raise ValueError(message)
    return text


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        message = "must be printable text"
        raise ValueError(message)
    return text


def _deliverable(address: str) -> str:
    """Refuses what is no address, and what mail programs read as another one (RFC 2047, RFC 5321)."""
    if _WRITTEN_EMAIL.fullmatch(address) is None:
        raise SafeReason("must be an e-mail address, such as ada@example.com")
    if "=?" in address:
        raise SafeReason("must not hold '=?', which begins an encoded word in a mail")
    if address.index("@") > _LONGEST_LOCAL_PART:
        raise SafeReason(_LONG_LOCAL_PART)
    return address


_Line = Annotated[str, AfterValidator(_in_one_line), Field(json_schema_extra={"pattern": ONE_LINE})]
ShortText = Annotated[_Line, StringConstraints(max_length=100)]
"""One line of text, up to 100 characters: without controls, line separators and marks of direction."""
LongText = Annotated[_Line, StringConstraints(max_length=500)]
"""One line of text, up to 500 characters."""
Key = Annotated[_Line, StringConstraints(min_length=1, max_length=LONGEST_KEY)]
"""The value that orders messages, where it is no UUID: one line of 1 to 255 characters."""
EmailAddress = Annotated[
    str,
    StringConstraints(max_length=254),
    AfterValidator(_deliverable),
    Field(json_schema_extra={"pattern": _EMAIL}),
]
"""An address that mail can be sent to: a dot-atom (RFC 5322) at a host name."""
Sku = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(_printable)]
"""A stock keeping unit: any printable text up to 40 characters."""


def refused_in_line(text: str) -> str | None:
    """The first character that a line of text must not hold, as `U+0000`, or None."""
    found = None if text.isprintable() else _REFUSED.search(text)
    return None if found is None else f"U+{ord(found.group()):04X}"


def wrong_in(text: str, most: int) -> str | None:
    """Returns why a text is no line of 1 to `most` characters, or None: the rule of all keys and ids."""
    if not 0 < len(text) <= most:
        return f"has {len(text)} characters, and may have 1 to {most}"
    refused = refused_in_line(text)
    return None if refused is None else f"holds the character {refused}, which none may hold"


def one_line(text: str) -> str:
    """The text with everything replaced that a line must not hold."""
    return _REFUSED.sub(_REPLACEMENT, text)


def storable(text: str, most: int) -> str:
    """The text as every database takes it: no NUL, no half of a surrogate pair, at most so many characters."""
    kept = _UNSTORABLE.sub(_REPLACEMENT, text[:most])
    return kept if len(text) <= most else f"{kept[:-1]}…"
