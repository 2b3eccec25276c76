"""One module, hosted: its database, writer, receiver, relay and clean-up, begun and ended together."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError

from amphibus.access.principal import carried
from amphibus.access.request_ids import RequestIds
from amphibus.contract import Query, Value
from amphibus.database.counts import waiting_counts
from amphibus.database.facts import cursor_secret, keep_cursor_secret
from amphibus.database.migrations import upgrade
from amphibus.database.outbox import waiting_by_destination
from amphibus.database.steering.processes import counts_by_state
from amphibus.errors import OwnerAway, Refused, RequestFailed, Undeclared
from amphibus.host.containers import adjust_container, make_container
from amphibus.host.ending import Ending, say_left
from amphibus.host.pausing import Pausing
from amphibus.host.wiring import ModuleServices, Wiring
from amphibus.inbox.process_versions import NewDeadlines, take_over
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, next_span
from amphibus.module import Module
from amphibus.routing.topology import processes_of
from amphibus.service import Service
from amphibus.telemetry.privacy import describe
from amphibus.telemetry.tracing import switch
from amphibus.transport import Transport

_STOP_SECONDS = 3.0
_STEP_SECONDS = 1.3


class ModuleHost:
    """A `Service`: `open` its database, `join`, `start`; `stop` it after `stop_intake`, `drain` and `finish`."""

    def __init__(
        self, module: Module, around: ModuleServices, *, container: Any | None = None
    ) -> None:
        self.module = module
        self.name = module.name
        self._around = around
        self.container = (
            container if container is not None else make_container(module, around.settings)
        )
        wiring = self._wiring = Wiring(module, around)
        self.store, self.assignment = wiring.store, wiring.assignment
        self.routes = wiring.routes
        self.pauses = wiring.pauses
        self.assignment.drain = self._drain_partitions
        self.writer = wiring.writer()
        self.limits = wiring.limits(self.writer)
        self.receiver = wiring.receiver(self.writer, self.limits, self.container, self._ask)
        self.due = wiring.scheduler(self.receiver, self.writer)
        self.limits.on_let_go(self.due.wake)
        self.receiver.on_due = self.due.due_at
        self.operations = wiring.operations(self.writer)
        self.operations.on_step = self.due.wake
        self.receiver.system.on_acted = self._look_again
        self.relay = wiring.relay(self.writer)
        self.changeover = wiring.changeover(self.writer, self.relay)
        self.retention = wiring.retention(self.writer)
        self.readiness = wiring.readiness(self.writer)
        self.refusals = wiring.refusal_notes(self.writer)
        self._pausing = Pausing(
            around,
            pauses=self.pauses,
            assignment=self.assignment,
            receiver=self.receiver,
            scheduler=self.due,
            writer=self.writer,
        )

    async def open(self) -> None:
        """Opens the database.

        Raises:
            StoreError: it cannot be used.
        """
        await self.store.open()

    async def join(self) -> None:
        """Brings the database up to date, and takes a share of the module's work; on an error it is closed again.

        Raises:
            StoreError: it cannot be used.
        """
        folder = self._around.project.root / "modules" / self.name / "migrations"
        await self.store.migrate(lambda store: upgrade(store, folder))
        await self.assignment.start()
        deadlines = NewDeadlines(self._around.clock, self.container, self.assignment.count)
        try:
            await self._wiring.remembered.look(self.store.reader)
            await take_over(self.store, processes_of(self.module), deadlines)
        except BaseException:
            await self.assignment.stop()
            await self.store.close()
            raise

    async def start(self) -> None:
        """Takes messages and delivers what waits; the database is open."""
        await self._make_ready()
        self.receiver.system.acts = True
        self._around.transport.attach(self.name, self.receiver, self._pausing.partitions)
        self._around.transport.requests.attach(self.name, self.receiver)
        self._around.meters.watch(self.name, self._numbers)
        for service in self._intake:
            await service.start()

    async def empty(self, left: Transport) -> None:
        """Handles what a transport brings that is left for good; what may not begin now is written down for later."""
        await self._make_ready(writes_down=True)
        await self.pauses.start()
        left.attach(self.name, self.receiver, self.assignment)

    async def rest(self) -> None:
        """Leaves its database to others until `start`. What is still under way then goes on, in its place.

        So what comes again lines up behind it, and is a repetition.
        """
        await self.writer.rest()

    async def _make_ready(self, *, writes_down: bool = False) -> None:
        """Prepares for the first message: takes in what operators and other instances left in the database."""
        await self.writer.start()
        await self._share_cursors()
        self.limits.writes_down = writes_down
        await self._pausing.begin(writes_down=writes_down)
        await self.limits.look()

    def request_ids(self) -> RequestIds:
        """Returns what derives ids, with the secret in its database, or the one that all gateways are given."""
        given = self._around.settings.gateway.idempotency_secret
        secret = None if given is None else given.get_secret_value().encode()
        return RequestIds(lambda: secret or self._wiring.cursors.secret)

    async def _share_cursors(self) -> None:
        """Takes the secret of the module's cursors from its database, which the first instance puts there."""
        cursors = self._wiring.cursors
        kept = await cursor_secret(self.store.reader)
        if kept is None:
            made = cursors.secret.hex()
            kept = await self.writer.submit(lambda each: keep_cursor_secret(each.sql, made))
        cursors.secret = bytes.fromhex(kept)

    async def started(self) -> None:
        """Returns once messages are taken and delivered."""
        for service in (self.writer, *self._intake):
            await service.started()

    @property
    def _intake(self) -> tuple[Service, ...]:
        """The services that begin work here, in the order in which they start."""
        changeover = () if self.changeover is None else (self.changeover,)
        upkeep = (self.retention, self.readiness, self.pauses, self.operations, self.refusals)
        return (self.limits, self.due, *changeover, self.relay, *upkeep)

    def _look_again(self) -> None:
        """Looks for what is due or to be done since an operator changed something."""
        self.due.wake()
        self.operations.wake()

    def adjust(self, changed: frozenset[str]) -> None:
        """Takes in settings that have changed: what keeps numbers of its own is told, the rest reads them anyhow."""
        self._wiring.policies.adjust()
        self._wiring.adjust(self.writer)
        self.relay.adjust()
        self.receiver.adjust()
        if any(key.startswith(f"modules.{self.name}.") for key in changed):
            adjust_container(self.module, self.container, self._around.settings)

    async def stop_intake(self) -> None:
        """Takes and delivers nothing more."""
        await self._around.transport.requests.detach(self.name)
        await self._around.transport.detach(self.name)
        await self._stop_own_intake()

    async def drain(self) -> None:
        """Finishes running work."""
        await self.receiver.drain()

    async def finish(self) -> None:
        """Writes down what is safe, once nothing runs anywhere."""
        await self.relay.drain()
        await self.writer.drain()

    async def stop(self, *, give_back: bool = True) -> None:
        """Ends what still runs and gives the database back, and the partitions if `give_back`."""
        self._around.meters.unwatch(self.name)
        ending = Ending(_STOP_SECONDS)
        for name, stop in (
            ("the intake", self._stop_own_intake),  # again, if it was cut off
            ("the messages", self.receiver.abort),
            ("the limits", self.limits.give_back),
            ("the writer", self.writer.stop),
            ("the partitions", partial(self.assignment.stop, give_back=give_back)),
            ("the database", self.store.close),
        ):
            if not await ending.step(f"{name} of {self.name}", stop(), within=_STEP_SECONDS):
                say_left(f"{name} of {self.name}", _STEP_SECONDS)

    async def _stop_own_intake(self) -> None:
        await asyncio.gather(*(service.stop() for service in self._intake))

    async def idle(self) -> bool:
        """Returns whether nothing is under way, due or undelivered where it can be delivered."""
        here = self.receiver.in_flight == 0 and self.limits.idle
        return here and await self.relay.idle() and await self.due.idle()

    async def _drain_partitions(self, partitions: frozenset[int]) -> None:
        """Stops the intake of some partitions, and returns when all work on them is done and written down."""
        await self._around.transport.revoke(self.name, partitions)
        await self.receiver.drain_partitions(partitions)
        await self.relay.give_away(partitions)

    async def _ask(self, query: Query[Any], timeout: float, cause: Envelope) -> Any:  # noqa: ASYNC109
        contract = type(query)
        if contract not in self.module.asks:
            raise Undeclared(
                f"{contract.contract_type} is not declared",
                f"the front page of {self.name} lists under asks: "
                f"{', '.join(each.contract_type for each in self.module.asks) or 'nothing'}",
                "add it to asks=(...) in module.py, then: amphibus check --fix",
            )
        envelope = Envelope(
            id=new_id(),
            type=contract.contract_type,
            source=self.name,
            key=query.key_value(),
            time=self._around.clock.now(),
            correlation=cause.correlation,
            causation=cause.id,
            trace=next_span(cause.trace),
            body=query.model_dump_json().encode(),
            reply=True,
            extra=carried(cause.extra),
        )
        owner = self._around.topology.owners[contract.contract_type]
        asking = self._around.transport.requests.request(owner, envelope, timeout)
        reply = await switch.asked(envelope, owner, cause.trace, asking)
        answer = contract.answer_type()
        if reply.outcome == "answered" and answer is not None:
            return _read(answer, reply.body, owner)
        if reply.outcome == "refused":
            raise Refused(reply.code, reply.detail)
        if reply.outcome == "unavailable":
            raise OwnerAway(f"module {owner} cannot answer now", reply.detail)
        raise RequestFailed(f"module {owner} failed", reply.detail)

    async def _numbers(self) -> Mapping[str, float]:
        counts = await waiting_counts(self.store.reader)
        oldest = counts.oldest
        standing = await counts_by_state(self.store.reader)
        waiting = await waiting_by_destination(self.store.reader) if counts.undelivered else {}
        waited = (self._around.clock.now() - oldest) / 1_000_000 if oldest else 0.0
        return {
            "outbox_depth": float(counts.undelivered),
            "outbox_oldest_seconds": waited,
            "delayed": float(counts.delayed),
            "dead_letters": float(counts.dead),
            "timers": float(counts.timers),
            "later": float(counts.later),
            "awaited": float(counts.awaited),
            "in_flight": float(self.receiver.in_flight),
            "partitions": float(len(self.assignment.owned)),
            "commits": float(self.writer.commits),
            "commit_units": float(self.writer.units),
            **{f"outbox_waiting {name}": float(count) for name, count in waiting.items()},
            **{f"processes {process}/{state}": float(count) for process, state, count in standing},
        }


def _read(answer: type[Value], body: bytes, owner: str) -> Value:
    """Returns an answer; one of another version is no error of the handler that asked."""
    try:
        return answer.model_validate_json(body)
    except ValidationError as error:
        raise RequestFailed(
            f"module {owner} answers otherwise than {answer.__name__} says", describe(error)
        ) from None


async def all_idle(modules: Sequence[ModuleHost]) -> bool:
    """Returns whether nothing is under way, due or undelivered in any of some modules.

    A server takes time to answer: while one module is asked, another that was asked before may get a message.
    Such a message is a commit.
    """
    before = sum(hosted.writer.commits for hosted in modules)
    for hosted in modules:
        if not await hosted.idle():
            return False
    return before == sum(hosted.writer.commits for hosted in modules)
