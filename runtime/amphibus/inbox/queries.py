"""Answers queries: concurrent, on a snapshot, by the side of the inbox."""

from typing import Any

import structlog

from amphibus.clock import Clock, as_datetime
from amphibus.context import Context
from amphibus.contract import Value
from amphibus.database.faults import is_handler_store_failure
from amphibus.database.store import Connection, Store
from amphibus.errors import Refused, Unavailable
from amphibus.inbox.handler_timeout import within
from amphibus.messages.envelope import Envelope, Reply
from amphibus.routing.codec import to_bytes
from amphibus.telemetry.logs import about
from amphibus.telemetry.privacy import describe

_log: Any = structlog.get_logger()


class Queries:
    """The query side of one module."""

    def __init__(
        self, module: str, store: Store, container: Any, clock: Clock, *, seconds: float
    ) -> None:
        self._module = module
        self._store = store
        self._container = container
        self._clock = clock
        self._seconds = seconds
        """How long a handler may keep its connection."""
        self._several: set[str] = set()
        """Types whose handlers were seen to run several statements, which must see the same."""

    async def __call__(self, envelope: Envelope, handler: Any, message: Any) -> Reply:
        """Answers one query. Whatever happens is a reply. It may run its handler a second time."""
        snapshot = envelope.type in self._several
        try:
            connection = await self._store.take_reader(snapshot=snapshot)
        except Exception as error:  # noqa: BLE001 - the database may be away for a while
            return Reply("unavailable", detail=describe(error))
        try:
            reply = await self._answered(envelope, handler, message, connection)
            again = connection.overrun
        finally:
            await self._store.give_back_reader(connection)
        if not again:
            return reply
        self._several.add(envelope.type)
        return await self(envelope, handler, message)

    async def _answered(
        self, envelope: Envelope, handler: Any, message: Any, connection: Connection
    ) -> Reply:
        context: Context[Any] = Context(
            envelope=envelope,
            container=self._container,
            db=connection.session,
            now=as_datetime(self._clock.now()),
            declared=frozenset(),
        )
        try:
            with about(self._module, envelope):
                async with within(self._seconds):
                    answer = await handler(message, context)
                if not isinstance(answer, Value):
                    problem = f"the handler of {envelope.type} returned {type(answer).__name__}, not an answer"
                    raise TypeError(problem)
                return Reply("answered", to_bytes(answer))
        except Refused as refusal:
            return Reply("refused", code=refusal.code, detail=refusal.detail)
        except Unavailable as error:
            return Reply("unavailable", detail=describe(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - any failure of the handler is its reply
            if is_handler_store_failure(error):
                return Reply("unavailable", detail=describe(error))
            if not connection.overrun:
                with about(self._module, envelope):
                    _log.exception("query.failed", error=describe(error, message))
            return Reply("failed", detail=describe(error, message))
