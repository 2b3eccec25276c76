"""The formats of text that are known: how each is told, and texts that have it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Final


@dataclass(frozen=True, slots=True)
class Format:
    """A known format."""

    holds: Callable[[str], bool]
    examples: tuple[str, ...]


_ZONED: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?", re.ASCII)


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _reads(reader: Callable[[str], object], pattern: str = "(?s:.*)") -> Callable[[str], bool]:
    looks_right = _matches(pattern)

    def holds(text: str) -> bool:
        try:
            reader(text)
        except (ValueError, ArithmeticError):
            return False
        return looks_right(text)

    return holds


def _is_moment(text: str) -> bool:
    if _ZONED.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", text).upper().replace(":60", ":59"))
    except ValueError:
        return False
    return True


_CLOCK: Final = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]\d{2}:\d{2})?"
_HEX: Final = "[0-9a-fA-F]"
_HOST: Final = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
_PERIOD: Final = r"[+-]?P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?"
FORMATS: Final[Mapping[str, Format]] = {
    "uuid": Format(
        _matches(f"{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"),
        ("74eda2bf-2087-5bfc-aaaf-7ff4216c8a87", "35508319-ae1f-5c4b-91ff-80fe61d67009"),
    ),
    "date": Format(_reads(date.fromisoformat, r"\d{4}-\d{2}-\d{2}"), ("2026-03-01", "2026-03-02")),
    "date-time": Format(
        _is_moment, ("2026-03-01T08:26:00Z", "2026-03-01T08:26:00.25Z", "2026-03-01T08:26:00+01:00")
    ),
    "local-date-time": Format(
        _reads(datetime.fromisoformat, _LOCAL.pattern),
        ("2026-03-01T08:26:00", "2026-03-01T08:26:00.25"),
    ),
    "time": Format(_matches(_CLOCK), ("08:26:00Z", "08:27:00Z")),
    "duration": Format(_matches(_PERIOD), ("P1D", "PT36H")),
    "email": Format(_matches(r"[^@\s]+@[^@\s]+"), ("ada@example.com", "bob@example.com")),
    "uri": Format(
        _matches(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]*"), ("https://example.com/a", "urn:example:b")
    ),
    "hostname": Format(_matches(_HOST), ("example.com", "a.example.com")),
    "ipv4": Format(_reads(IPv4Address), ("192.0.2.1", "192.0.2.2")),
    "ipv6": Format(_reads(IPv6Address), ("2001:db8::1", "2001:db8::2")),
    "decimal": Format(_reads(Decimal, r"[+-]?\d+(\.\d+)?"), ("0", "1", "2.5", "-1")),
}
ANNOTATIONS: Final = frozenset(("int32", "int64", "float", "double", "string", "password"))
"""Formats that refuse nothing that their type allows, or that readers do not look at."""
OTHERWISE: Final = ("", "a", "x y", "0")
"""Texts that have hardly any of these formats."""
