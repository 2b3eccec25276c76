"""Reads the properties of any message, however they were made.

The library gives a whole connection up over one message whose properties it cannot read, e.g. a time
in microseconds; that message would come again on the next connection, and so for ever. Read like
this, it has no properties, and becomes a dead letter like everything else that is none of ours.
"""

import struct

from pamqp.commands import Basic
from pamqp.header import ContentHeader

_read = ContentHeader.unmarshal


def _read_or_leave(self: ContentHeader, data: bytes) -> None:
    try:
        _read(self, data)
    except (ValueError, TypeError, LookupError, OverflowError, OSError, struct.error):
        self.class_id, self.weight, self.body_size = struct.unpack(">HHQ", data[:12])
        self.properties = Basic.Properties()


def read_any() -> None:
    """From now on, in this process."""
    ContentHeader.unmarshal = _read_or_leave  # type: ignore[method-assign]
