"""The answers to who watches messages pass."""

from pydantic import Base64Bytes

from amphibus.contract import Value


class PassedMessage(Value):
    """A message that its receiver is done with, for now or for good."""

    number: int
    """By which the process remembers it."""
    id: str
    type: str
    source: str
    key: str | None
    correlation: str
    sent: int
    done: int
    attempts: int
    """Those that failed before this one."""
    outcome: str
    """`handled`, `refused`, `repeated`, `delayed`, `held`, `dead`, `answered` or `failed`."""
    error: str = ""
    """The error, or the code of a refusal."""
    size: int
    """Bytes of the payload."""
    body: Base64Bytes | None = None
    """The payload, where it was wanted and is not too long to be remembered; its personal data is left out."""
    masked: bool = False
    """Something of the payload is left out."""


class MessagesPassed(Value):
    """Some messages that passed at one instance of a module, oldest first."""

    messages: tuple[PassedMessage, ...]
    last: int
    """The number of the last one that was looked at: the next question begins behind it."""
    missed: int
    """How many more there were meanwhile than are remembered, or than were wanted, as far as they were counted."""


class PayloadOfPassed(Value):
    """The payload of a message, with its personal data."""

    id: str
    body: Base64Bytes


class PassedRevealed(Value):
    """The payloads that are still remembered, with their personal data."""

    payloads: tuple[PayloadOfPassed, ...]
