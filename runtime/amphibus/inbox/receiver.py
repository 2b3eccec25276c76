"""The door of a module: takes messages in order per key, whatever way they came, and answers requests."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from amphibus.access.speakers import forgery_of, without_principal
from amphibus.contract import Message, kind_of
from amphibus.database.inbox import is_settled
from amphibus.errors import Undecodable
from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Origin, Prepared
from amphibus.inbox.key_order import KeyOrder
from amphibus.inbox.outcome import Lost, Outcome
from amphibus.inbox.queries import Queries
from amphibus.inbox.report import end_span, report_outcome
from amphibus.inbox.runner import AttemptRunner
from amphibus.inbox.services import InboxServices
from amphibus.inbox.system.answering import SystemAnswers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.messages.json_text import LARGE_BYTES
from amphibus.telemetry.tracing import switch

_LOOK_SECONDS: Final = 0.001
_NO_REPLY: Final = Reply("failed", detail="no reply")


class Receiver:
    """Takes messages for one module. Lives as long as the module is hosted."""

    def __init__(self, services: InboxServices) -> None:
        self._services = services
        self._module = services.module
        self._clock = services.clock
        self._queries = Queries(
            services.module.name,
            services.store,
            services.container,
            services.clock,
            settings=services.settings,
            policies=services.policies,
            cursors=services.cursors,
            refusals=services.refusals,
        )
        self._key_order = KeyOrder()
        self._runner = AttemptRunner(services, self._settled, self._hold_back)
        self.system = SystemAnswers(services)
        self.system.handle = self.request
        self._held: deque[Attempt] | None = None
        """What came while the module was paused, in its order; None while it is not."""
        self._stopping = False
        self.on_reply: Callable[[Envelope, Reply], None] = lambda _envelope, _reply: None
        self.on_due: Callable[[int], None] = lambda _due: None
        services.outcomes.on_reply = self._tell

    def observe(self, observer: Callable[[Message], Message]) -> None:
        """Gives each message to an observer, and what that returns to the handler."""
        self._services.codec.observer = observer

    def adjust(self) -> None:
        """Takes in the settings as they are now."""
        self._queries.adjust()
        self._runner.adjust()

    @property
    def in_flight(self) -> int:
        """The number of messages that were taken and are not acknowledged yet."""
        return self._key_order.in_flight

    def take(
        self, envelope: Envelope, ack: Callable[[], None], partition: int | None = None
    ) -> None:
        """Handles a message once; calls `ack` when it is handled, delayed or dead, durably.

        If the `partition` that it came by is lost meanwhile, nothing is done: its new owner gets the message.
        """
        if envelope.extra and (why := self._services.speakers.forgery(envelope)) is not None:
            self.refuse(without_principal(envelope), Failure("forged", why), ack, partition)
            return
        self.begin(Attempt(envelope, Origin.DELIVERY, self._clock.now(), ack), partition)

    def refuse(
        self,
        envelope: Envelope,
        failure: Failure,
        ack: Callable[[], None],
        partition: int | None = None,
    ) -> None:
        """Makes a dead letter of a message that must not be handled; calls `ack` when it is one, durably."""
        attempt = Attempt(envelope, Origin.DELIVERY, self._clock.now(), ack)
        attempt.prepared = Prepared(failure=failure)
        self.begin(attempt, partition)

    async def request(self, envelope: Envelope) -> Reply:
        """Handles a query, or a command that its sender does not keep, and returns the reply."""
        if envelope.extra and (why := self._services.speakers.forgery(envelope)) is not None:
            self._services.refusals.note(forgery_of(envelope, why))
            return Reply("failed", detail=why)
        reply = await self.system(envelope)
        return await self._answered(envelope) if reply is None else reply

    async def _answered(self, envelope: Envelope) -> Reply:
        try:
            entry = self._services.codec.entry(envelope)
            if len(envelope.body) > LARGE_BYTES:
                message = await asyncio.to_thread(self._services.codec.decode, envelope, entry)
            else:
                message = self._services.codec.decode(envelope, entry)
        except Undecodable as error:
            return Reply("failed", detail=error.line)
        if kind_of(entry.contract) == "query":
            answering = self._queries(envelope, entry, message)
            if switch.spans is not None:
                answering = switch.spans.answering(self._module.name, envelope, answering)
            reply = await answering
            if self._services.tap.watched:
                self._services.tap.answered(envelope, reply)
            return reply
        if self._stopping:
            return Reply("unavailable", detail=f"module {self._module.name} is stopping")
        if why := self._services.pauses.why_not(envelope.type):
            return Reply("unavailable", detail=why)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        attempt = Attempt(envelope, Origin.REQUEST, self._clock.now(), ack=lambda: None)
        attempt.answer = lambda reply: None if future.done() else future.set_result(reply)
        self.begin(attempt)
        return await future

    def begin(self, attempt: Attempt, partition: int | None = None) -> None:
        """Lines an attempt up; it starts when those before it are done with. `partition` as for `take`."""
        if self._stopping:
            return
        if partition is not None:
            attempt.lease_token = self._services.assignment.lease_token(partition)
        if switch.spans is not None:
            attempt.span = switch.spans.receive(
                self._module.name, attempt.envelope, attempt.spent + 1
            )
        if self._held is not None and attempt.origin is Origin.DELIVERY:
            self._held.append(attempt)
        elif self._key_order.enter(attempt):
            self._runner.start(attempt)

    def hold(self) -> None:
        """Begins nothing from now on; what has begun is finished. Who sent what is held keeps it."""
        if self._held is not None:
            return
        self._held = deque()
        for attempt in self._key_order.take_waiting():
            if attempt.origin is Origin.DELIVERY:
                self._held.append(attempt)
            else:
                self._leave_for_later(attempt)

    def let_go(self) -> None:
        """Goes on with what was held, in its order."""
        held, self._held = self._held or (), None
        for attempt in held:
            if self._key_order.enter(attempt):
                self._runner.start(attempt)

    def _hold_back(self, attempt: Attempt) -> bool:
        if self._held is None or attempt.origin is not Origin.DELIVERY:
            return False
        # Whatever else is held of its key came later.
        self._held.appendleft(attempt)
        # What was read just before the pause may have lined up behind it; none of it was delivered.
        following = self._key_order.leave(attempt)
        while following is not None:
            self._leave_for_later(following)
            following = self._key_order.leave(following)
        return True

    def _leave_for_later(self, attempt: Attempt) -> None:
        """Begins nothing of what its row brings back, or whoever asks."""
        if attempt.answer is not None:
            attempt.answer(Reply("unavailable", detail=self._services.pauses.reason))
        else:
            attempt.ack()  # its row is found again

    async def drain_partitions(self, partitions: frozenset[int]) -> None:
        """Returns when nothing is under way that was taken because these partitions are held here."""
        self._services.limits.wake()
        await self._key_order.drain_partitions(partitions)

    async def drain(self) -> None:
        """Waits until nothing runs; takes nothing new meanwhile."""
        self._stopping = self._runner.stopping = True
        while self._runner.busy or self._key_order or self._queries.busy:
            await self._runner.wait()
            await asyncio.sleep(_LOOK_SECONDS)

    async def abort(self) -> None:
        """Ends what still runs."""
        self._stopping = self._runner.stopping = True
        await self._queries.abort()
        await self._runner.abort()

    async def clear_suspects(self) -> None:
        """Forgets suspects that turn out to be settled already."""
        journal, reader = self._services.journal, self._services.store.reader
        for who in [who for who in journal.suspects if who[0] == self._module.name]:
            if await is_settled(reader, *who[1:]):
                journal.cleared(who)

    def _settled(self, attempt: Attempt, outcome: Outcome, due: int | None) -> None:
        """Goes on after the commit. Nothing here may fail, or the message would stay unacknowledged."""
        if due is not None:
            self.on_due(due)
        # What was lost is not safe here: it is acknowledged to nobody, and the partition's new owner gets it.
        if not (isinstance(outcome, Lost) and attempt.origin is Origin.DELIVERY):
            services = self._services
            report_outcome(
                self._module.name,
                attempt,
                outcome,
                services.meters,
                self._clock.now(),
                services.codec.contract_of,
            )
            if services.tap.watched:
                services.tap.settled(attempt, outcome)
            self._reply(attempt, outcome.reply)
            attempt.ack()
        if attempt.span is not None:
            end_span(attempt.span, outcome)
        following = self._key_order.leave(attempt)
        if following is not None:
            self._runner.start(following)

    def _tell(self, envelope: Envelope, reply: Reply) -> None:
        self.on_reply(envelope, reply)  # which its transport sets later

    def _reply(self, attempt: Attempt, reply: Reply | None) -> None:
        if attempt.answer is None and (reply is None or not attempt.envelope.reply):
            return
        if attempt.span is not None:
            attempt.span.replied(reply or _NO_REPLY)
        if attempt.answer is not None:
            attempt.answer(reply or _NO_REPLY)
        elif reply is not None:
            failpoint("reply.before")
            self.on_reply(attempt.envelope, reply)
