"""A router by which a plain FastStream service subscribes to the events of a system, each handled once.

system = SystemRouter("till-7", sessions=sessions, env="prod")

@system.subscribes(orders.OrderConfirmed)
async def confirmed(event: orders.OrderConfirmed, session: AsyncSession) -> None:
    session.add(Receipt(...))

broker.include_router(system)

The event is noted as taken in the transaction of the handler, in the service's own database, and acknowledged after
the commit. What the handler sends goes through an `Outbox` of the same session.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitMessage, RabbitQueue, RabbitRouter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from amphibus.access.outside_message import OutsideSender
from amphibus.clock import SystemClock
from amphibus.contract import Event, Message, kind_of
from amphibus.database.faults import is_conflict, is_handler_store_failure, is_store_failure
from amphibus.errors import ConfigError, StoreAway, Undeclared, Undecodable
from amphibus.failpoints import failpoint
from amphibus.inbox.handler_timeout import within
from amphibus.integrations.bounded_session import bounded_session
from amphibus.integrations.inbox import Inbox
from amphibus.integrations.one_transaction import one_transaction
from amphibus.integrations.outbox import HANDLED
from amphibus.messages.cloudevents import from_headers
from amphibus.messages.envelope import Envelope
from amphibus.routing.codec import message_of
from amphibus.supervision import we_are_cancelled
from amphibus.telemetry.privacy import describe, traceback_of
from amphibus.transports.rabbitmq.rights.collecting import collect_events, queue_of_events

E = TypeVar("E", bound=Event)
Handler = Callable[[E, AsyncSession], Awaitable[None]]
_log: Final = logging.getLogger("amphibus.faststream")
_AWAY: Final = ConnectionError
"""The error of a network that is away: it is waited for, however long that takes."""
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 30.0
_FORGET_EVERY: Final = 1_000
_ANSWER_SECONDS: Final = 15.0
"""The time in which the database answers; a connection that is half open never does."""


class SystemRouter(RabbitRouter):
    """The events of one program outside, which a queue of its own collects whether it runs or not.

    They are handled one after the other, so those of one key in order; with several instances of the service, one
    takes them. An event whose handler fails is tried again where it stands. After `attempts` it is given up: the table
    `amphibus_incoming` keeps it with its body and the reason.
    """

    def __init__(
        self,
        name: str,
        *,
        sessions: async_sessionmaker[AsyncSession],
        app: str = "shop",
        env: str = "dev",
        attempts: int = 8,
        handler_timeout_seconds: float = 30.0,
    ) -> None:
        """Makes the router; it connects to nothing.

        Args:
            name: of the program, as under `[producers.<name>]` in the configuration of the system.
            sessions: makes sessions on the service's database, which has the tables of `create_tables`.
            app: name of the system, as in its configuration.
            env: name of its environment.
            attempts: until an event is given up. What is away, a database or a network, is waited for.
            handler_timeout_seconds: most that a handler may take. One that takes longer has failed.

        Raises:
            ConfigError: the name cannot be one.
        """
        super().__init__()
        self._name = OutsideSender(name).source
        self._place = {"app": app, "env": env}
        self._sessions = sessions
        self._attempts = attempts
        self._handler_timeout_seconds = handler_timeout_seconds
        self._clock = SystemClock()
        self._routed: dict[str, tuple[type[Message], Handler[Any]]] = {}
        self._handled = 0
        queue = RabbitQueue(queue_of_events(app, env, name), declare=False)
        subscriber = self.subscriber(
            queue,
            ack_policy=AckPolicy.MANUAL,
            channel=Channel(prefetch_count=1),
            decoder=_as_it_is,
            no_reply=True,
        )
        subscriber(self._take)

    def subscribes(self, contract: type[E]) -> Callable[[Handler[E]], Handler[E]]:
        """Routes an event to a handler, `async (event, session)`, which runs inside the session's transaction.

        Raises:
            Undeclared: it is no event of a contract.
            ConfigError: it has a handler already.
        """
        type_ = contract.contract_type
        if not type_ or kind_of(contract) != "event":
            raise Undeclared(
                f"{type_ or contract.__qualname__} is no event of a contract",
                "programs outside subscribe to events; commands are sent, queries are asked",
                "subscribe to an Event of contracts/<module>/v<N>.py",
            )
        if type_ in self._routed:
            raise ConfigError(
                f"{type_} has two handlers", "it is handled once", "call both from one handler"
            )

        def routed(handler: Handler[E]) -> Handler[E]:
            self._routed[type_] = (contract, handler)
            return handler

        return routed

    async def declare(self, url: str) -> None:
        """Declares the queue with its events, where no `amphibus broker apply` does; call it before the broker starts.

        Raises:
            ConfigError: the broker is away, or does not allow it.
        """
        await collect_events(url, **self._place, program=self._name, events=self._routed)

    async def _take(self, message: Any) -> None:
        """Handles one delivery to its end; raises nothing, since it would stay unacknowledged."""
        try:
            envelope = from_headers(_texts(message.headers), message.body, now=self._clock.now())
        except Undecodable as error:
            _log.warning("a message is no event of a system: %s; %s", error.what, error.why)
            await message.reject(requeue=False)
            return
        await self._until_done(envelope)
        failpoint("application_inbox.after_commit")
        await message.ack()
        await self._forget_at_times()

    async def _until_done(self, envelope: Envelope) -> None:
        """Handles an event, tried again later each time, or gives it up."""
        pause, failures, late = _FIRST_PAUSE_SECONDS, 0, 0
        while True:
            try:
                return await self._handle(envelope)
            except _HandlerFailed as failed:
                said = traceback_of(failed.cause)
                _log.warning("%s %s failed\n%s", envelope.type, envelope.id, said)
                if isinstance(failed.cause, TimeoutError) and late < self._attempts:
                    late += 1  # who does not answer may be starting; who never does is too slow
                else:
                    failures = self._attempts if failed.for_good else failures + 1
                if failures >= self._attempts and await self._given_up(envelope, failed.cause):
                    return None
            except Exception as error:  # noqa: BLE001 - nothing may end the only consumer
                _log.warning("%s %s waits: %s", envelope.type, envelope.id, describe(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _handle(self, envelope: Envelope) -> None:
        """Handles an event in a transaction.

        Raises:
            _HandlerFailed: the event or its handler is at fault; whatever else it raises is not theirs.
        """
        found = self._routed.get(envelope.type)
        if found is None:
            _log.warning("%s is collected for %s and has no handler", envelope.type, self._name)
            return
        contract, handler = found
        try:
            event = message_of(contract, envelope.body)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a validator may raise anything
            raise _HandlerFailed(error, for_good=True) from None
        async with self._session(self._handler_timeout_seconds + _ANSWER_SECONDS) as session:
            session.info[HANDLED] = envelope
            inbox = Inbox(session, receiver=self._name)
            if await inbox.take(envelope.source, envelope.id, envelope.type):
                await self._run(handler, event, session)
                failpoint("application_inbox.before_commit")
                await _commit(session)

    async def _run(self, handler: Handler[Any], event: Message, session: AsyncSession) -> None:
        """Runs a handler, and the statements that it leaves to the session.

        Raises:
            _HandlerFailed: it failed by itself. What is away, or in the way of others for a moment, is not that.
        """
        try:
            async with within(self._handler_timeout_seconds), one_transaction(session):
                await handler(event, session)
                await session.flush()
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and we_are_cancelled():
                raise
            if isinstance(error, _AWAY) or is_conflict(error) or is_handler_store_failure(error):
                raise
            raise _HandlerFailed(error) from error

    async def _given_up(self, envelope: Envelope, error: BaseException) -> bool:
        """Keeps an event that cannot be handled; returns whether it could."""
        try:
            async with self._session(_ANSWER_SECONDS) as session:
                await Inbox(session, receiver=self._name).give_up(
                    envelope.source,
                    envelope.id,
                    envelope.type,
                    error=describe(error),
                    body=envelope.body,
                )
                await session.commit()
        except Exception as trouble:  # noqa: BLE001 - it is tried again; the event stays where it is
            _log.warning("%s %s is kept later: %s", envelope.type, envelope.id, describe(trouble))
            return False
        _log.error("%s %s was given up; amphibus_incoming has it", envelope.type, envelope.id)
        return True

    @asynccontextmanager
    async def _session(self, seconds: float) -> AsyncIterator[AsyncSession]:
        """A session for one transaction, which ends in that time.

        Raises:
            StoreAway: its transaction did not end in time; its connection is given up.
        """
        try:
            async with bounded_session(self._sessions, seconds) as session:
                await _bound(session, seconds)
                yield session
        except TimeoutError:
            raise StoreAway(
                "the application's database does not answer",
                f"a transaction did not end within {seconds:g} s, or another instance holds the event",
                "start the database, or end the instance that stands still",
            ) from None

    async def _forget_at_times(self) -> None:
        self._handled += 1
        if self._handled % _FORGET_EVERY == 1:
            try:
                async with self._session(_ANSWER_SECONDS) as session:
                    await Inbox(session, receiver=self._name).forget()
                    await session.commit()
            except Exception as error:  # noqa: BLE001 - the event is handled, whatever this does
                _log.info("the inbox is cleared later: %s", describe(error))


class _HandlerFailed(Exception):
    """A failure that is counted, as the event or its handler is at fault."""

    def __init__(self, cause: BaseException, *, for_good: bool = False) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.for_good = for_good
        """It fails however often it is tried."""


async def _bound(session: AsyncSession, seconds: float) -> None:
    """Has the server end the transaction of an instance that is frozen in it: others wait for the same event."""
    if session.get_bind().dialect.name == "postgresql":
        milliseconds = int(seconds * 1_000)
        await session.execute(
            text(f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds}")
        )


async def _commit(session: AsyncSession) -> None:
    try:
        await session.commit()
    except Exception as error:
        if is_conflict(error) or is_store_failure(error):
            raise
        raise _HandlerFailed(error) from error  # what it left there breaks a rule of the database


async def _as_it_is(message: RabbitMessage) -> Any:
    """A decoder that leaves the message to the router."""
    return message


def _texts(headers: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for name, value in headers.items()
        if isinstance(value, str | bytes | int | float)
    }
