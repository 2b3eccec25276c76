"""The contexts that a handler and its `outside` step get beside their message."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import Any, Final, Generic
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypeVar

from amphibus.contract import Command, Event, Message, Query, Value
from amphibus.errors import HandlerEnded, Oversized, Undeclared
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import uuid_of

Container = TypeVar("Container", default=Any)
Answered = TypeVar("Answered", bound=Value)


class _Unknown(Enum):
    UNKNOWN = "unknown"


UNKNOWN: Final = _Unknown.UNKNOWN
"""The result of an `outside` step that did not end in time: it may have taken effect."""


class Context(Generic[Container]):
    """The context of one attempt to handle one message. Lives as long as the attempt's transaction.

    Its messages leave when the transaction commits, in the order of the calls, or never.
    """

    __slots__ = (
        "_declared",
        "_ended",
        "_limit",
        "attempt",
        "container",
        "db",
        "envelope",
        "now",
        "outgoing",
        "outside",
        "timers",
    )

    def __init__(
        self,
        *,
        envelope: Envelope,
        container: Container,
        db: AsyncSession,
        now: datetime,
        declared: frozenset[type[Message]],
        outside: Any = None,
        attempt: int = 1,
        body_limit: int = 0,
    ) -> None:
        self.envelope = envelope
        self.container = container
        self.db = db
        self.now = now
        """The database's clock, UTC."""
        self.outside = outside
        self.attempt = attempt
        self.outgoing: list[tuple[Message, bytes]] = []
        """What leaves when the transaction commits, each with its body."""
        self.timers: dict[tuple[str, str], datetime | None] = {}
        self._declared = declared
        self._limit = body_limit
        self._ended = False

    @property
    def message_id(self) -> str:
        """The id of the message: the same on every attempt, so an idempotency key for calls to the outside."""
        return self.envelope.id

    @property
    def message_uuid(self) -> UUID:
        """The id of the message as a UUID, for a business id that the sender did not give."""
        return uuid_of(self.envelope.id)

    @property
    def correlation_id(self) -> str:
        """The id of the flow that the message belongs to."""
        return self.envelope.correlation

    @property
    def late(self) -> bool:
        """True if the module has handled later messages of this key already (a replayed dead letter)."""
        return self.envelope.late

    def publish(self, *events: Event) -> None:
        """Publishes an event to its subscribers once the transaction commits.

        Raises:
            Undeclared: the front page does not list the event under `publishes`.
            Oversized: it is larger than any receiver takes.
            HandlerEnded: the handler has ended.
        """
        self._leave(events, "publishes")

    def send(self, *commands: Command[Any]) -> None:
        """Sends a command to another module once the transaction commits.

        Raises:
            Undeclared: the front page does not list the command under `sends`.
            Oversized: it is larger than any receiver takes.
            HandlerEnded: the handler has ended.
        """
        self._leave(commands, "sends")

    def set_timer(self, name: str, key: str, due: datetime) -> None:
        """Arms or moves the durable timer `(name, key)`; processes use it for their deadlines."""
        self._refuse_after_the_end("set_timer")
        self.timers[(name, key)] = due

    def cancel_timer(self, name: str, key: str) -> None:
        """Disarms a timer; does nothing if it is not armed."""
        self._refuse_after_the_end("cancel_timer")
        self.timers[(name, key)] = None

    def end(self) -> None:
        """Ends the context with its handler: what comes later is refused, as it would be lost without a word."""
        self._ended = True

    def _refuse_after_the_end(self, what: str) -> None:
        if self._ended:
            raise HandlerEnded(
                f"{what} was called after the handler of {self.envelope.type} had ended",
                "its transaction is over; nothing was sent",
                "await all that the handler begins before it returns",
            )

    def _leave(self, messages: tuple[Message, ...], where: str) -> None:
        self._refuse_after_the_end("publish" if where == "publishes" else "send")
        for message in messages:
            if type(message) not in self._declared:
                name = type(message).contract_type or type(message).__qualname__
                known = (
                    ", ".join(sorted(each.contract_type for each in self._declared)) or "nothing"
                )
                raise Undeclared(
                    f"{name} is not declared",
                    f"the front page lists under publishes and sends: {known}",
                    f"add it to {where}=(...) in module.py, then: amphibus check --fix",
                )
            body = message.model_dump_json().encode()
            if 0 < self._limit < len(body):
                raise Oversized(
                    f"{type(message).contract_type} has {len(body):,} bytes of at most {self._limit:,}",
                    "no receiver takes more; nothing was sent",
                    "send it in parts, or raise bus.body_limit_bytes everywhere",
                )
            self.outgoing.append((message, body))


class Outside(Generic[Container]):
    """The context of an `outside` step. It has no database, since the step runs before the transaction."""

    __slots__ = ("_ask", "container", "envelope")

    def __init__(
        self,
        envelope: Envelope,
        container: Container,
        ask: Callable[[Query[Any], float], Awaitable[Value]],
    ) -> None:
        self.envelope = envelope
        self.container = container
        self._ask = ask

    @property
    def message_id(self) -> str:
        """The idempotency key for the call: the same on every attempt."""
        return self.envelope.id

    async def ask(self, query: Query[Answered], *, timeout: float = 5.0) -> Answered:  # noqa: ASYNC109
        """Asks another module; the front page must list the query under `asks`.

        Raises:
            Undeclared: it is not listed.
            Refused: the owner refuses.
            RequestError: no answer.
        """
        return await self._ask(query, timeout)  # type: ignore[return-value]
