"""Reads deliveries: the usual properties quickly, and any others, however they were made.

The library looks up the type of each attribute of a frame, which takes as long as all later work on
a message. And it gives up a whole connection over one message whose properties it cannot read, e.g.
a header of an unknown type; that message would come again on the next connection, and so for ever. Here,
such a message has no properties and becomes a dead letter, as any message does that is not ours.
"""

import asyncio
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from struct import Struct
from typing import Any, Final

from aiormq import Connection
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from amphibus.transports.rabbitmq.versions import are_tested

_TEXT: Final = 0x53
_LATEST: Final = 0xFFFF_FFFF
"""Seconds; what is above is in another unit, which nobody tells."""

_head = Struct(">HHQH").unpack_from
_long = Struct(">I").unpack_from
_number = Struct(">q").unpack_from
_seconds = Struct(">Q").unpack_from

LIBRARY_HEADER = ContentHeader.unmarshal
LIBRARY_DELIVERY = Basic.Deliver.unmarshal
_readers: set["asyncio.Task[Any] | None"] = set()
"""The tasks that read our open connections."""


class _Unusual(Exception):
    """A frame left to the library."""


def read_quickly(connection: Connection) -> None:
    """Reads so what comes on a connection that was made just now, and on no other.

    The library has one decoder a process, so ours stands in its place as long as such a connection
    is open, and looks whose reader calls it. With a version that was not tested, the library reads.
    """
    if not are_tested():
        return
    reader: asyncio.Task[Any] = connection._reader_task.task  # type: ignore[union-attr]  # noqa: SLF001 - known of the tested version
    _readers.add(reader)
    reader.add_done_callback(_ended)
    ContentHeader.unmarshal = _header  # type: ignore[method-assign]
    Basic.Deliver.unmarshal = _delivery  # type: ignore[method-assign, assignment]


def _ended(reader: "asyncio.Task[Any]") -> None:
    _readers.discard(reader)
    # A loop that was closed calls nobody back.
    _readers.difference_update([each for each in _readers if each and each.get_loop().is_closed()])
    if not _readers:
        ContentHeader.unmarshal = LIBRARY_HEADER  # type: ignore[method-assign]
        Basic.Deliver.unmarshal = LIBRARY_DELIVERY  # type: ignore[method-assign]


def _header(self: ContentHeader, data: bytes) -> None:
    (read_header if _is_ours() else LIBRARY_HEADER)(self, data)


def _delivery(self: Basic.Deliver, data: bytes) -> None:
    (read_delivery if _is_ours() else LIBRARY_DELIVERY)(self, data)


def _is_ours() -> bool:
    try:
        return asyncio.current_task() in _readers
    except RuntimeError:  # no loop runs: somebody decodes by hand
        return False


def read_header(self: ContentHeader, data: bytes) -> None:
    """Reads the header of a body, whatever is in it."""
    try:
        self.class_id, self.weight, self.body_size, flags = _head(data)
        self.properties = properties(flags, data, 14)
    except (_Unusual, struct.error, LookupError, UnicodeDecodeError):
        _any_header(self, data)


def _any_header(self: ContentHeader, data: bytes) -> None:
    try:
        LIBRARY_HEADER(self, data)
    except Exception:  # noqa: BLE001 - whatever a stranger has put there, nested without end too
        self.class_id, self.weight, self.body_size = struct.unpack(">HHQ", data[:12])
        self.properties = Basic.Properties()


def properties(flags: int, data: bytes, at: int) -> Basic.Properties:
    """Returns the properties that begin at a place, if they are usual ones.

    Raises:
        _Unusual, LookupError, struct.error, UnicodeDecodeError: they are not.
    """
    found = Basic.Properties()
    for flag, name, read in _PROPERTIES:
        if flags & flag:
            value, at = read(data, at)
            setattr(found, name, value)
    if at != len(data) or flags & 3:
        raise _Unusual
    return found


def _texts(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    (size,) = _long(data, at)
    at += 4
    end, found = at + size, {}
    while at < end:
        name, at = _short_text(data, at)
        if data[at] != _TEXT:
            raise _Unusual
        (length,) = _long(data, at + 1)
        start = at + 5
        at = start + length
        found[name] = data[start:at].decode()
    if at != end:
        raise _Unusual
    return found, at


def _short_text(data: bytes, at: int) -> tuple[str, int]:
    start = at + 1
    end = start + data[at]
    return data[start:end].decode(), end


def _octet(data: bytes, at: int) -> tuple[int, int]:
    return data[at], at + 1


def _time(data: bytes, at: int) -> tuple[datetime | None, int]:
    """Many producers set other units; no message of ours depends on it, so it counts as not set."""
    (seconds,) = _seconds(data, at)
    if seconds > _LATEST:
        return None, at + 8
    return datetime.fromtimestamp(seconds, UTC), at + 8


_PROPERTIES: Final[tuple[tuple[int, str, Callable[[bytes, int], tuple[Any, int]]], ...]] = (
    (0x8000, "content_type", _short_text),
    (0x4000, "content_encoding", _short_text),
    (0x2000, "headers", _texts),
    (0x1000, "delivery_mode", _octet),
    (0x0800, "priority", _octet),
    (0x0400, "correlation_id", _short_text),
    (0x0200, "reply_to", _short_text),
    (0x0100, "expiration", _short_text),
    (0x0080, "message_id", _short_text),
    (0x0040, "timestamp", _time),
    (0x0020, "message_type", _short_text),
    (0x0010, "user_id", _short_text),
    (0x0008, "app_id", _short_text),
    (0x0004, "cluster_id", _short_text),
)
"""Flag, name, and how it is read; in the protocol's order."""


def read_delivery(self: Basic.Deliver, data: bytes) -> None:
    """Reads where a message was delivered."""
    try:
        tag, at = _any_text(data, 0)
        (number,) = _number(data, at)
        redelivered = bool(data[at + 8] & 1)
        exchange, at = _any_text(data, at + 9)
        key, at = _any_text(data, at)
        if at != len(data):
            raise _Unusual
    except (_Unusual, struct.error, LookupError):
        LIBRARY_DELIVERY(self, data)
        return
    self.consumer_tag, self.delivery_tag, self.redelivered = tag, number, redelivered
    self.exchange, self.routing_key = exchange, key


def _any_text(data: bytes, at: int) -> tuple[str, int]:
    """A text that a stranger chose, such as a routing key: its bytes may be no text."""
    start = at + 1
    end = start + data[at]
    return data[start:end].decode(errors="replace"), end
