"""The contexts that a handler and its `outside` step get beside their message."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Generic
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypeVar

from amphibus.access.cursors import Cursors
from amphibus.access.principal import Principal, principal_of
from amphibus.contract import Command, Event, Message, Query, Value
from amphibus.errors import AmphibusError, HandlerEnded, Oversized, Undeclared
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, uuid_of

Container = TypeVar("Container", default=Any)
Answered = TypeVar("Answered", bound=Value)


class _Unknown(Enum):
    UNKNOWN = "unknown"


UNKNOWN: Final = _Unknown.UNKNOWN
"""The result of an `outside` step that did not end in time: it may have taken effect."""


_SHORTEST_TO_ITSELF: Final = timedelta(seconds=1)
"""Until a module gets what a command of its own sent it later: with nothing between them it may go on without end."""


@dataclass(frozen=True, slots=True)
class LaterMessage:
    """A command that is sent when it is due, unless it is recalled."""

    message: Message
    body: bytes
    due: datetime
    id: str


class Context(Generic[Container]):
    """The context of one attempt to handle one message. Lives as long as the attempt's transaction.

    Its messages leave when the transaction commits, in the order of the calls, or never.
    """

    __slots__ = (
        "_cursors",
        "_declared",
        "_ended",
        "_limit",
        "attempt",
        "container",
        "db",
        "envelope",
        "later",
        "moves",
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
        cursors: Cursors | None = None,
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
        self.later: dict[tuple[str, str], LaterMessage | None] = {}
        """What leaves later, by name and key; None is recalled."""
        self.timers: dict[tuple[str, str], datetime | None] = {}
        """Deadlines of processes, by name and key, which only processes set; None is disarmed."""
        self.moves: dict[tuple[str, str], str | None] = {}
        """The states that processes came into, by name and key, which only processes set; None has ended."""
        self._declared = declared
        self._limit = body_limit
        self._cursors = cursors or Cursors()
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
    def principal(self) -> Principal:
        """Whoever the message is for, as the door said by which it came in; of kind `unknown` if none said."""
        return principal_of(self.envelope.extra)

    @property
    def late(self) -> bool:
        """True if the module has handled later messages of this key already (a replayed dead letter)."""
        return self.envelope.late

    def cursor_after(self, query: Query[Any], *place: str) -> str:
        """Returns the `next_cursor` of a page that ends at a place: texts by which the handler finds it again.

        It is good for whoever the query is for, with the same filter, and for 30 days or more.
        """
        return self._cursors.after(query, self.principal, place, self.now)

    def place_of(self, query: Query[Any], cursor: str) -> tuple[str, ...]:
        """Returns the place that a cursor was made of.

        Raises:
            Refused: it was not given out for this filter to whoever the query is for (`invalid_cursor`).
        """
        return self._cursors.place(query, self.principal, cursor, self.now)

    def publish(self, *events: Event) -> None:
        """Publishes an event to its subscribers once the transaction commits.

        Raises:
            Undeclared: the front page does not list the event under `publishes`.
            Oversized: it is larger than any receiver takes.
            HandlerEnded: the handler has ended.
        """
        self.outgoing += self._leaving(events, "publishes")

    def send(
        self,
        *commands: Command[Any],
        after: timedelta | None = None,
        at: datetime | None = None,
        name: str | None = None,
    ) -> None:
        """Sends commands once the transaction commits, or later: `after` a time from now, or `at` an instant.

        A later command waits in the module's database and outlives a restart. With a name it takes the place of an
        earlier one of the same name and key, and `recall` takes it back. One that a module's command sends to the same
        module comes after a second at the earliest.

        Raises:
            Undeclared: the front page does not list the command under `sends`.
            Oversized: it is larger than any receiver takes.
            HandlerEnded: the handler has ended.
            AmphibusError: the time or the name means nothing.
        """
        leaving = self._leaving(commands, "sends")
        if after is None and at is None and name is None:
            self.outgoing += leaving
            return
        due = self._due(after, at)
        if name is not None and (not name or len(leaving) != 1):
            raise AmphibusError(
                f"{len(leaving)} commands were sent under the name {name!r}",
                "a name stands for one later command of each key",
                "send each by itself, with a name of its own",
            )
        for message, body in leaving:
            identity = new_id()
            key = (message.key_value() or "") if name else ""
            self.later[name or identity, key] = LaterMessage(
                message, body, self._not_at_once(message, due), identity
            )

    def recall(self, name: str, key: object = "") -> None:
        """Takes back the later command of that name and key, unless it was sent already or there is none.

        Raises:
            HandlerEnded: the handler has ended.
        """
        self._refuse_after_the_end("recall")
        self.later[name, str(key)] = None

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

    def _due(self, after: timedelta | None, at: datetime | None) -> datetime:
        if at is not None and after is None and at.tzinfo is not None:
            return at
        if after is not None and at is None:
            return self.now + after
        raise AmphibusError(
            f"a later command was sent with after={after} and at={at}",
            "it needs one of them: a time from now, or an instant with its time zone",
            "context.send(command, after=timedelta(hours=1))",
        )

    def _not_at_once(self, message: Message, due: datetime) -> datetime:
        to_itself = _owner(message.contract_type) == _owner(self.envelope.type)
        return max(due, self.now + _SHORTEST_TO_ITSELF) if to_itself else due

    def _leaving(self, messages: Sequence[Message], where: str) -> list[tuple[Message, bytes]]:
        self._refuse_after_the_end("publish" if where == "publishes" else "send")
        leaving: list[tuple[Message, bytes]] = []
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
            leaving.append((message, body))
        return leaving


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

    @property
    def principal(self) -> Principal:
        """Whoever the message is for."""
        return principal_of(self.envelope.extra)

    async def ask(self, query: Query[Answered], *, timeout: float = 5.0) -> Answered:  # noqa: ASYNC109
        """Asks another module; the front page must list the query under `asks`.

        Raises:
            Undeclared: it is not listed.
            Refused: the owner refuses.
            RequestError: no answer.
        """
        return await self._ask(query, timeout)  # type: ignore[return-value]


def _owner(contract_type: str) -> str:
    return contract_type.partition(".")[0]
