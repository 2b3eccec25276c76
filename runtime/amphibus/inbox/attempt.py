"""A message on its way through a module, and what is known of it before its transaction."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from amphibus.contract import Message
from amphibus.database.faults import is_handler_store_failure, is_store_failure, may_be_its_own
from amphibus.inbox.timers import PREFIX
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.module import On
from amphibus.partitions.assignment import LeaseToken
from amphibus.routing.codec import CodecEntry

if TYPE_CHECKING:
    from amphibus.telemetry.tracing.spans import Received

_LOSSES: Final = 4


class Origin(Enum):
    """The place from which a message comes when it is attempted."""

    DELIVERY = "delivery"
    DELAYED = "delayed"
    TIMER = "timer"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The part of an attempt that is ready before its transaction. It never changes: a new one takes its place."""

    entry: CodecEntry | None = None
    message: Message | None = None
    outside: Any = None
    """The result of the external call."""
    call_skipped: bool = False
    """The external call was left out, since it seemed that the handler would not run."""
    failure: Failure | None = None
    """The attempt failed before its transaction, or with it, and is only recorded."""
    waits: str = ""
    """It is not run: it waits among the delayed ones for its turn, in these words."""


@dataclass(slots=True)
class Attempt:
    """A message on its way through the receiver. Lives until its transport need not keep it any more."""

    envelope: Envelope
    origin: Origin
    received: int
    ack: Callable[[], None]
    """Called when the message needs no other keeper: handled, delayed or dead, durably."""
    spent: int = 0
    """Attempts that failed before this one."""
    tries: int = 0
    """Times that it was delayed, spent or not; the backoff grows with them."""
    seq: int = 0
    """The row of a delayed message."""
    lease_token: LeaseToken | None = None
    """The hold on the partition that it came by; without it, the attempt does nothing."""
    answer: Callable[[Reply], None] | None = None
    """Takes the reply of a request, which nobody keeps."""
    prepared: Prepared = Prepared()
    in_thread: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None
    """Makes what runs in a thread count, where its type is limited."""
    raised: BaseException | None = None
    """By its handler or a statement of it, where that cost the transaction."""
    span: "Received | None" = None
    """The spans that tell of it, where they are wanted."""
    losses: int = 0
    """Runs of its handler that lost the connection, or met what may be its own doing, all told."""
    ordering_key: str = field(init=False)
    """Stays what it was when the attempt was lined up."""
    began: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.ordering_key = self.envelope.ordering_key

    @property
    def arrived(self) -> Envelope | None:
        """The message, if it came from elsewhere: it may have been handled before, or have to wait its turn."""
        return self.envelope if self.origin in (Origin.DELIVERY, Origin.REQUEST) else None

    def met_trouble(self, error: BaseException) -> bool:
        """True if the database is to blame for an error that cost its transaction, and not its own handler.

        A handler may end its connection each time, or ask for more than the server has: that is believed a few times.
        After that its failure is recorded, which a database that is in trouble does not do.
        """
        if error is not self.raised:
            return is_store_failure(error)
        self.losses += may_be_its_own(error)
        return is_handler_store_failure(error) and self.losses <= _LOSSES

    @property
    def route(self) -> On | None:
        """The route that it takes; None for a deadline, and for what nobody here takes."""
        entry = self.prepared.entry
        return None if entry is None else entry.route

    @property
    def has_call(self) -> bool:
        """Returns whether something outside is called before its transaction."""
        route = self.route
        return route is not None and route.outside is not None and self.prepared.failure is None

    @property
    def of_timer(self) -> bool:
        """Returns whether it is a deadline of a process, and no message that was sent."""
        return self.envelope.type.startswith(PREFIX)
