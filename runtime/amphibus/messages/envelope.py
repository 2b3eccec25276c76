"""A message on its way: the attributes of CloudEvents 1.0 and the payload's bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from amphibus.contract import Message

REPLY_TO: Final = "replyto"
"""The name in `extra` of the reply address, used if another instance sends the message than the one that waits."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Envelope:
    """One message of one sender. `(source, id)` is its identity.

    Times are microseconds since the epoch, UTC.
    """

    id: str
    type: str
    source: str
    """The sending module."""
    key: str | None
    time: int
    correlation: str
    causation: str | None
    trace: str
    """W3C traceparent."""
    body: bytes
    reply: bool = False
    """True if the sender waits for the answer."""
    late: bool = False
    """True for a replayed dead letter whose key has moved on: the module has handled later messages of it."""
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Attributes that this version does not know, carried on unchanged."""
    decoded: list[Message] = field(default_factory=list, compare=False, repr=False)
    """The message made of the body, once somebody in this process has decoded it; frozen, so it is shared."""

    @property
    def ordering_key(self) -> str:
        """The key that orders messages: they are handled one at a time; a message without a key has one of its own."""
        return f"{self.source}\x1f{self.key}" if self.key is not None else f"\x1f{self.id}"


@dataclass(slots=True, frozen=True)
class Reply:
    """The result of a message: an answer's bytes, a refusal's code and detail, or an error's text."""

    outcome: str
    """`answered`, `refused`, `failed` or `unavailable`: not done, and worth another try."""
    body: bytes = b""
    code: str = ""
    detail: str = ""
