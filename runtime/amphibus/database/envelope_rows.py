"""An envelope as the columns that every table of messages shares, and back."""

import json
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

from amphibus.messages.envelope import Envelope

ENVELOPE: Final = "id, type, source, key, time, correlation, causation, trace, reply, extra, body"
"""The columns that every table of messages shares, in this order."""


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
        json.dumps(dict(envelope.extra)) if envelope.extra else None,
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
        extra=MappingProxyType(json.loads(row[9]) if row[9] else {}),
        body=row[10] or b"",
        late=late,
    )
