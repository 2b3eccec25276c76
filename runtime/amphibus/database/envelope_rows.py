"""An envelope as the columns that every table of messages shares, and back."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from amphibus.messages.envelope import Envelope

ENVELOPE: Final = "id, type, source, key, time, correlation, causation, trace, reply, extra, body"
"""The columns that every table of messages shares, in this order."""
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def columns_of(envelope: Envelope) -> tuple[Any, ...]:
    """An envelope as the columns that every table of messages shares."""
    return (
        envelope.id,
        envelope.type,
        envelope.source,
        envelope.key,
        envelope.time,
        envelope.correlation,
        envelope.causation,
        envelope.trace,
        int(envelope.reply),
        text_of(envelope.extra),
        envelope.body,
    )


def envelope_of(row: Sequence[Any], *, late: bool = False) -> Envelope:
    """An envelope from those columns."""
    return Envelope(
        id=row[0],
        type=row[1],
        source=row[2],
        key=row[3],
        time=row[4],
        correlation=row[5],
        causation=row[6],
        trace=row[7],
        reply=bool(row[8]),
        extra=attributes_in(row[9]),
        body=row[10] or b"",
        late=late,
    )


def text_of(attributes: Mapping[str, str]) -> str | None:
    """Returns attributes as their column holds them."""
    return _text_of(tuple(attributes.items())) if attributes else None


def attributes_in(text: str | None) -> Mapping[str, str]:
    """Returns the attributes that a column holds."""
    return _attributes_in(text) if text else _NONE


@lru_cache(maxsize=1_024)
def _text_of(attributes: tuple[tuple[str, str], ...]) -> str:
    """All messages of a flow, and many flows, have the same ones."""
    return json.dumps(dict(attributes))


@lru_cache(maxsize=1_024)
def _attributes_in(text: str) -> Mapping[str, str]:
    return MappingProxyType(json.loads(text))
