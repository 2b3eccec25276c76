"""Asks receivers which messages they have, soon after these have left, so that nothing is forgotten too early.

Each message is asked about once, with hundreds of others; what a receiver did not say to have then is asked again at
every clean-up. A receiver that does not answer is asked at growing intervals, and holds up nobody else's word.
"""

from collections.abc import Sequence
from functools import partial
from itertools import takewhile
from typing import Any, Final, NamedTuple

import structlog

from amphibus.admin.under_way import Routes
from amphibus.clock import SECOND, Clock, as_datetime
from amphibus.database.persons.bodies import needs_once
from amphibus.database.store import Store
from amphibus.database.upkeep import awaited
from amphibus.database.upkeep.awaited import Awaited, Unasked
from amphibus.database.upkeep.needed_once import forget_needed_once
from amphibus.errors import RequestError
from amphibus.host.sending.arrival_question import ArrivalQuestion
from amphibus.host.sending.routes import SenderRoutes
from amphibus.messages.contracts.amphibus.v1 import MOST_ROWS
from amphibus.routing.topology import Topology
from amphibus.telemetry.privacy import describe
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_log: Any = structlog.get_logger()
_UNDER_WAY: Final = 60 * SECOND
"""So old is a message that is asked about: most have arrived by then."""
_FIRST_PAUSE: Final = 60 * SECOND
_LONGEST_PAUSE: Final = 3_600 * SECOND


class _Silence(NamedTuple):
    """The pause after which a receiver that did not answer is asked again."""

    until: int
    pause: int


class ReceiversWord:
    """The questions of one sender. Lives as long as its clean-up."""

    def __init__(
        self,
        module: str,
        *,
        store: Store,
        writer: Writer,
        question: ArrivalQuestion,
        routes: SenderRoutes,
        topology: Topology,
        clock: Clock,
        at_once: int,
    ) -> None:
        self._module = module
        self._store = store
        self._writer = writer
        self._question = question
        self._routes = routes
        self._topology = topology
        self._clock = clock
        self._at_once = min(at_once, MOST_ROWS)
        self._silent: dict[str, _Silence] = {}
        self._enough: set[str] = set()
        """The receivers that are asked no more in this round."""
        self._next: dict[str, int] = {}
        """By receiver: the number after which it is asked again."""
        self._not_looked_at = set(topology.modules) - {module}
        """The receivers whose word was not compared with what they have since the start."""

    async def ask(self) -> None:
        """Asks again about what receivers did not have, and then about what has left since."""
        self._enough.clear()
        for destination in sorted(self._not_looked_at):
            await self._look_at_word(destination)
        for destination in await awaited.destinations_awaited(self._store.reader):
            await self._ask_again(destination)
        ripe_before = self._clock.now() - _UNDER_WAY
        beyond = await awaited.asked_up_to(self._store.reader)
        while True:
            page = await awaited.unasked(self._store.reader, beyond=beyond, limit=self._at_once)
            ripe = list(takewhile(lambda each: each.time < ripe_before, page))
            if ripe:
                beyond = ripe[-1].seq
                await self.ask_about(ripe, up_to=beyond)
            if len(ripe) < self._at_once:
                return

    async def ask_about(self, messages: Sequence[Unasked], *, up_to: int | None = None) -> None:
        """Asks every destination of some messages, and notes what was said.

        Not of those that a receiver may have forgotten: its word that they have not arrived would be taken for true.
        """
        known_since = self._question.known_since
        messages = [each for each in messages if each.time >= known_since]
        routes = await self._routes.now(self._writer)
        missing: list[tuple[str, int]] = []
        forgotten: set[int] = set()
        for destination, some in _by_destination(messages, routes).items():
            not_there = await self._not_arrived(destination, [each.id for each in some])
            absent = [each for each in some if each.id in not_there]
            known_since = self._question.known_since_by(destination)
            forgotten |= {each.seq for each in absent if each.time < known_since}
            missing += [(destination, each.seq) for each in absent]
        messages = [each for each in messages if each.seq not in forgotten]
        missing = [each for each in missing if each[1] not in forgotten]

        async def note(transaction: Transaction) -> None:
            if messages:
                await awaited.note_asked(transaction.sql, messages, missing)
                await self._forget(transaction, messages)
            if up_to is not None:
                await awaited.note_asked_up_to(transaction.sql, up_to)

        await self._writer.submit(note)

    async def _look_at_word(self, destination: str) -> None:
        """Asks once about the last that a receiver has said to have: one that was restored alone lacks it.

        It is not sent again: done again, it would be done twice by whoever heard of it.
        """
        sql = self._store.reader
        up_to = await awaited.asked_up_to(sql)
        last = await awaited.last_said(sql, destination, up_to=up_to, limit=self._at_once)
        routes = await self._routes.now(self._writer)
        said = _by_destination(last, routes).get(destination, [])
        missing = await self._not_arrived(destination, [each.id for each in said])
        if destination in self._silent:
            return
        self._not_looked_at.discard(destination)
        known_since = self._question.known_since_by(destination)
        times = [each.time for each in said if each.id in missing and each.time >= known_since]
        if times:
            _log.error(
                "outbox.receiver_is_older",
                module=self._module,
                destination=destination,
                messages=len(times),
                since=as_datetime(min(times)).isoformat(),
                until=as_datetime(max(times)).isoformat(),
            )

    async def _ask_again(self, destination: str) -> None:
        """Goes on until the receiver has nothing of what it is asked, or has been asked about everything."""
        while self._may_ask(destination):
            page = await awaited.awaited_from(
                self._store.reader,
                destination,
                beyond=self._next.get(destination, 0),
                limit=self._at_once,
            )
            not_there = await self._not_arrived(destination, [each.id for each in page])
            there = [each for each in page if each.id not in not_there]
            if there:
                await self._writer.submit(partial(self._note_arrived, destination, there))
            if destination not in self._silent:
                self._next[destination] = _end_of(page) if len(page) == self._at_once else 0
            if len(page) < self._at_once:
                return

    async def _note_arrived(
        self, destination: str, some: Sequence[Awaited], transaction: Transaction
    ) -> None:
        numbers = [each.seq for each in some]
        await awaited.note_arrived(transaction.sql, destination, numbers)
        await self._forget(transaction, some)

    async def _forget(
        self, transaction: Transaction, messages: Sequence[Unasked | Awaited]
    ) -> None:
        """Takes out of messages that all their receivers have what is needed once."""
        contracts = self._topology.contracts
        numbers = [each.seq for each in messages if needs_once(contracts.get(each.type))]
        await forget_needed_once(transaction.sql, numbers, contracts.get)

    async def _not_arrived(self, destination: str, ids: Sequence[str]) -> set[str]:
        """Returns which messages a receiver does not say to have; all that it cannot be asked about."""
        missing: set[str] = set()
        for some in self._question.pieces(ids):
            missing |= await self._not_arrived_of(destination, some)
        if self._at_once <= len(ids) and len(missing) == len(set(ids)):
            self._enough.add(destination)  # it is busy with what came before, or away
        return missing

    async def _not_arrived_of(self, destination: str, ids: Sequence[str]) -> set[str]:
        if destination != self._module and not self._may_ask(destination):
            return set(ids)
        try:
            missing = await self._question.ask(destination, ids)
        except RequestError as error:
            self._fell_silent(destination, describe(error))
            return set(ids)
        if self._silent.pop(destination, None) is not None:
            _log.info("outbox.answered", module=self._module, destination=destination)
        return missing

    def _may_ask(self, destination: str) -> bool:
        if destination in self._enough or destination not in self._topology.modules:
            return False
        silence = self._silent.get(destination)
        return silence is None or self._clock.now() >= silence.until

    def _fell_silent(self, destination: str, error: str) -> None:
        before = self._silent.get(destination)
        pause = _FIRST_PAUSE if before is None else min(2 * before.pause, _LONGEST_PAUSE)
        self._silent[destination] = _Silence(self._clock.now() + pause, pause)
        self._enough.add(destination)
        if before is None:
            _log.warning(
                "outbox.unanswered", module=self._module, destination=destination, error=error
            )


def _by_destination(messages: Sequence[Unasked], routes: Routes) -> dict[str, list[Unasked]]:
    """The messages of each destination that there was a route to when they were written."""
    to: dict[str, list[tuple[str, int]]] = {}
    for route, since in routes.items():
        name, _, destination = route.partition(" ")
        to.setdefault(name, []).append((destination, since))
    found: dict[str, list[Unasked]] = {}
    for each in messages:
        for destination, since in to.get(each.type, ()):
            if each.seq > since:
                found.setdefault(destination, []).append(each)
    return found


def _end_of(page: Sequence[Awaited]) -> int:
    return page[-1].seq
