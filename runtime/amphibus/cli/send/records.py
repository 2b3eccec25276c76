"""The records of a file, before and after they are checked."""

from dataclasses import dataclass
from typing import Any, Final

LONGEST: Final = 16 << 20
"""The bytes of one record that are read at most: it bounds the memory, and no broker takes more."""


@dataclass(frozen=True, slots=True)
class Text:
    """A record as JSON, and the line on which it begins."""

    number: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """A record of a table, as the fields of a payload."""

    number: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that cannot be sent, and the reason."""

    number: int
    why: str


Record = Text | Row | Bad
