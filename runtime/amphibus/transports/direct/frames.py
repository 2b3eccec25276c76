"""The frames of a direct connection: a length, a kind, a number that ties a reply to its request, a head, a body.

Many requests share one connection. Nothing is read that is longer than was agreed on before it came.
"""

import asyncio
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

LONGEST_HEAD: Final = 131_072
"""Bytes of a head: the attributes of an envelope, or what a failure says of itself."""
LONGEST_GREETING: Final = 2_048
"""Bytes of a head before the other side has shown who it is; a body it has not."""
_SHAPE: Final = struct.Struct(">IIBQ")
_json: Final = json.JSONEncoder(separators=(",", ":"))


class Kind(IntEnum):
    """The meaning of a frame."""

    HELLO = 1
    """The answering side's challenge."""
    CLAIM = 2
    """The asking side says who it is, whom it asks, and proves both."""
    WELCOME = 3
    """The answering side's proof."""
    REFUSED = 4
    """Instead of a welcome: why not."""
    REQUEST = 5
    REPLY = 6
    NOT_DONE = 7
    """Instead of a reply: nobody here takes it, and it was not done."""
    PING = 8
    PONG = 9
    MESSAGE = 10
    """A message that its sender keeps until it is safe here."""
    SAFE = 11
    """It is handled, delayed or dead, durably; with the reply, if its sender waits for one."""


class BadFrame(ValueError):
    """Bytes that are no frame, or longer than a frame may be."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it came."""

    kind: Kind
    number: int
    head: Mapping[str, Any]
    body: bytes


def encoded(
    kind: Kind, number: int = 0, head: Mapping[str, Any] | None = None, body: bytes = b""
) -> bytes:
    """Returns the bytes of a frame.

    Raises:
        BadFrame: its head is longer than the other side would read.
    """
    text = b"" if head is None else _json.encode(head).encode()
    if len(text) > LONGEST_HEAD:
        raise BadFrame(f"a head of {len(text)} bytes; it may have {LONGEST_HEAD}")
    return b"".join((_SHAPE.pack(len(text), len(body), kind, number), text, body))


async def read_frame(
    reader: asyncio.StreamReader, *, longest_head: int = LONGEST_HEAD, longest_body: int
) -> Frame:
    """Reads the next frame.

    Raises:
        BadFrame: what came is none.
        EOFError, OSError: the connection ended.
    """
    head_length, body_length, number_of_kind, number = _SHAPE.unpack(
        await reader.readexactly(_SHAPE.size)
    )
    try:
        kind = Kind(number_of_kind)
    except ValueError:
        raise BadFrame(f"there is no kind {number_of_kind} of frame") from None
    if head_length > longest_head or body_length > longest_body:
        raise BadFrame(
            f"a frame of {head_length} and {body_length} bytes;"
            f" it may have {longest_head} and {longest_body}"
        )
    rest = await reader.readexactly(head_length + body_length)
    return Frame(kind, number, _head(rest[:head_length]), rest[head_length:])


def text_in(head: Mapping[str, Any], name: str) -> str:
    """Returns a text of a head; empty where there is none."""
    found = head.get(name)
    return found if isinstance(found, str) else ""


def _head(text: bytes) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("a head that is not JSON") from None
    if not isinstance(found, dict):
        raise BadFrame("a head that is no object")
    return found
