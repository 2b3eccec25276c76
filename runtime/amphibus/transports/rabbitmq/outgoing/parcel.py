"""A message on its way out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from amphibus.transports.rabbitmq.frames import Address, Properties

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


class Handover:
    """The messages that one sender has handed over since the last recall of them."""

    __slots__ = ("recalled",)

    def __init__(self) -> None:
        self.recalled = False
        """It goes another way now: what has not left must not any more."""


@dataclass(slots=True, eq=False)
class Parcel:
    """A message to be published."""

    to: Address
    body: bytes
    properties: Properties
    ack: Callable[[], None]
    target: str
    """The destinations that it goes to."""
    handover: Handover
    apart: Callable[[], Iterable["Parcel"]] | None = None
    """One for each of several destinations, published in its place where some of them do not take it."""
    sent: float = 0.0
    pause: float = field(default=_FIRST_PAUSE)

    @property
    def id(self) -> str:
        """Never twice in flight on one channel: the broker's answers are told apart by it."""
        return self.properties.message_id or ""

    def lengthen_pause(self) -> None:
        """The next refusal is waited out for longer."""
        self.pause = min(self.pause * 2, _LONGEST_PAUSE)
