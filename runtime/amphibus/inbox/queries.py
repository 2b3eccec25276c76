"""Answers queries: concurrent, on a snapshot, by the side of the inbox, each within a time limit."""

import asyncio
from typing import Any, Final

import structlog

from amphibus.access.cursors import Cursors
from amphibus.access.refusal_counts import RefusalCounts
from amphibus.clock import Clock, as_datetime
from amphibus.config.settings import BusSettings
from amphibus.context import Context
from amphibus.contract import Value
from amphibus.database.faults import is_handler_store_failure
from amphibus.database.lent_session import lend, take_back
from amphibus.database.store import Connection, Store
from amphibus.errors import Refused, Unavailable
from amphibus.inbox.handler_timeout import within
from amphibus.inbox.rights.ownership import NotYours, within_rights
from amphibus.inbox.steering.turns import Turns
from amphibus.messages.envelope import Envelope, Reply
from amphibus.routing.codec import CodecEntry, to_bytes
from amphibus.routing.policies import Policies
from amphibus.telemetry.logs import about
from amphibus.telemetry.privacy import describe

_log: Any = structlog.get_logger()


_ABORT_SECONDS: Final = 0.3
"""The time that queries get to end after their cancellation."""


class QueryTurns:
    """So many queries of a module at once, and half as many of one type: slow ones leave room for the others."""

    def __init__(self, most: int) -> None:
        self.all = Turns(most)
        self._most_of_a_type = max(1, most // 2)
        self._of_type: dict[str, Turns] = {}

    def resize(self, most: int) -> None:
        """Changes how many there are at once."""
        self._most_of_a_type = max(1, most // 2)
        self.all.resize(most)
        for each in self._of_type.values():
            each.resize(self._most_of_a_type)

    def of(self, contract: str) -> Turns:
        """Returns the turns of one type; there are no more types than contracts."""
        found = self._of_type.get(contract)
        if found is None:
            found = self._of_type[contract] = Turns(self._most_of_a_type)
        return found


class Queries:
    """The query side of one module."""

    def __init__(
        self,
        module: str,
        store: Store,
        container: Any,
        clock: Clock,
        *,
        settings: BusSettings,
        policies: Policies,
        cursors: Cursors,
        refusals: RefusalCounts,
    ) -> None:
        self._module = module
        self._store = store
        self._container = container
        self._clock = clock
        self._settings = settings
        self._policies = policies
        self._cursors = cursors
        self._refusals = refusals
        self._turns = QueryTurns(settings.query_concurrency)
        self._running: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._several: set[str] = set()
        """Types whose handlers were seen to run several statements, which must see the same."""

    @property
    def _seconds(self) -> float:
        """The time for which a handler may keep its connection."""
        return self._settings.query_timeout_seconds

    def adjust(self) -> None:
        """Takes in the settings as they are now."""
        self._turns.resize(self._settings.query_concurrency)

    @property
    def busy(self) -> bool:
        """Returns whether a query is being answered."""
        return bool(self._running)

    async def __call__(self, envelope: Envelope, entry: CodecEntry, message: Any) -> Reply:
        """Answers one query. Whatever happens is a reply. It may run its handler a second time."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            return await self._in_turn(envelope, entry, message)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            task.uncancel()
            return Reply("unavailable", detail=f"module {self._module} is stopping")
        finally:
            self._running.discard(task)

    async def abort(self) -> None:
        """Ends what still runs; who asked is told that it cannot be answered now."""
        self._stopping = True
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=_ABORT_SECONDS)

    async def _in_turn(self, envelope: Envelope, entry: CodecEntry, message: Any) -> Reply:
        turn = self._turns.of(envelope.type)
        try:
            async with asyncio.timeout(self._seconds):
                await turn.acquire()
        except TimeoutError:
            return Reply("unavailable", detail=f"too many queries for module {self._module} wait")
        try:
            async with self._turns.all:
                return await self._on_reader(envelope, entry, message)
        finally:
            turn.release()

    async def _on_reader(self, envelope: Envelope, entry: CodecEntry, message: Any) -> Reply:
        snapshot = envelope.type in self._several
        try:
            connection = await self._store.take_reader(snapshot=snapshot)
        except Exception as error:  # noqa: BLE001 - the database may be away for a while
            return Reply("unavailable", detail=describe(error))
        try:
            reply = await self._answered(envelope, entry, message, connection)
            again = connection.overrun
        finally:
            await self._store.give_back_reader(connection)
        if not again:
            return reply
        self._several.add(envelope.type)
        return await self._on_reader(envelope, entry, message)

    async def _answered(
        self, envelope: Envelope, entry: CodecEntry, message: Any, connection: Connection
    ) -> Reply:
        context: Context[Any] = Context(
            envelope=envelope,
            container=self._container,
            db=lend(connection.session),
            now=as_datetime(self._clock.now()),
            declared=frozenset(),
            cursors=self._cursors,
        )
        try:
            with about(self._module, envelope):
                async with within(self._policies.of(entry.route).timeout, query=envelope.type):
                    asked = await within_rights(entry.route, message, context)
                    answer = entry.in_version(await entry.route.handler(asked, context))
                if not isinstance(answer, Value):
                    problem = f"the handler of {envelope.type} returned {type(answer).__name__}, not an answer"
                    raise TypeError(problem)
                return Reply("answered", to_bytes(answer))
        except Refused as refusal:
            if isinstance(refusal, NotYours):
                self._refusals.note(refusal.refusal)
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
        finally:
            context.end()
            take_back(context.db)
