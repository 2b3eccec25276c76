"""A message as the frames of AMQP 0-9-1 that publish it, encoded in one go.

The library walks over the attributes of each frame and looks up each one's type, which is most of
the cost of publishing. We know the attributes of our messages beforehand, so we write them directly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Any, Final

from pamqp.commands import Basic

_METHOD: Final = 1
_HEADER: Final = 2
_BODY: Final = 3
_END: Final = b"\xce"
_PUBLISH: Final = b"\x00\x3c\x00\x28\x00\x00"
"""Class and method, and a ticket that is not used any more."""
_LONGEST_SHORT: Final = 255

_frame = Struct(">BHI").pack
_content = Struct(">HHQ").pack
_short = Struct(">H").pack
_long = Struct(">I").pack
_longlong = Struct(">Q").pack


class Properties(Basic.Properties):
    """The properties that messages of ours may have. Headers are texts, or lists of them."""

    def marshal(self) -> bytes:
        """Returns the flags of the properties that are set, then their values, in the protocol's order.

        Raises:
            ValueError: one of the short texts has more than 255 bytes.
        """
        time = self.timestamp
        given: tuple[tuple[int, Any], ...] = (
            (0x8000, self.content_type and short_text(self.content_type)),
            (0x2000, self.headers and table(self.headers)),
            (0x1000, self.delivery_mode and bytes((self.delivery_mode,))),
            (0x0400, self.correlation_id and short_text(self.correlation_id)),
            (0x0200, self.reply_to and short_text(self.reply_to)),
            (0x0100, self.expiration and short_text(self.expiration)),
            (0x0080, self.message_id and short_text(self.message_id)),
            # AMQP knows no second before 1970; the header `ce-time` says it in any case.
            (0x0040, time and _longlong(max(0, int(time.timestamp())))),
            (0x0020, self.message_type and short_text(self.message_type)),
            (0x0010, self.user_id and short_text(self.user_id)),
            (0x0008, self.app_id and short_text(self.app_id)),
        )
        flags, values = 0, [b""]
        for flag, value in given:
            if value:
                flags |= flag
                values.append(value)
        values[0] = _short(flags)
        return b"".join(values)


@dataclass(frozen=True, slots=True)
class Address:
    """The address that messages are published to. Mandatory ones come back if no queue takes them."""

    exchange: str
    key: str
    mandatory: bool = True


def published(
    channel: int, largest: int, to: Address, properties: Properties, body: bytes
) -> bytes:
    """Returns the frames of one message.

    Args:
        channel: the channel's number.
        largest: most bytes of a body in one frame; a larger body takes several.
        to: its address.
        properties: its properties.
        body: its payload.

    Raises:
        ValueError: one of the short texts has more than 255 bytes.
    """
    head = properties.marshal()
    frames = [
        _method(channel, to),
        _frame(_HEADER, channel, 12 + len(head)),
        _content(60, 0, len(body)),
        head,
        _END,
    ]
    for at in range(0, len(body), largest):
        piece = body[at : at + largest]
        frames += (_frame(_BODY, channel, len(piece)), piece, _END)
    return b"".join(frames)


@lru_cache(maxsize=4096)
def _method(channel: int, to: Address) -> bytes:
    """Returns the method frame, the same for all messages of a type and partition."""
    method = _PUBLISH + short_text(to.exchange) + short_text(to.key) + bytes((to.mandatory,))
    return _frame(_METHOD, channel, len(method)) + method + _END


def short_text(text: str) -> bytes:
    """Encodes a text of at most 255 bytes, with its length.

    Raises:
        ValueError: it is longer.
    """
    encoded = text.encode()
    if len(encoded) > _LONGEST_SHORT:
        message = f"'{text[:40]}…' has {len(encoded)} bytes; at most {_LONGEST_SHORT} can be sent"
        raise ValueError(message)
    return bytes((len(encoded),)) + encoded


def table(headers: Mapping[str, Any]) -> bytes:
    """Texts, and lists of them, by their names, with the length of it all."""
    parts = [b""]
    for name, given in headers.items():
        if isinstance(given, list):
            value = b"".join(b"S" + _long(len(each)) + each for each in map(str.encode, given))
            parts += (short_text(name), b"A", _long(len(value)), value)
            continue
        value = given.encode()
        parts += (_named(name), _long(len(value)), value)
    parts[0] = _long(sum(map(len, parts)))
    return b"".join(parts)


@lru_cache(maxsize=1024)
def _named(name: str) -> bytes:
    return short_text(name) + b"S"
